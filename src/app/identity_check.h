// SPDX-License-Identifier: Apache-2.0
// Where the names that sections give meet, and whether applications can give two devices one name there.
#pragma once

#include "config/configuration.h"

#include <string>
#include <vector>

namespace causeway::app {

// The hubs and the id scope that a section leads to, the hub of its policy first. Of a hub all its names
// count as one: HUB.azure-devices.net, HUB.device.azure-devices.net. Empty where what it is configured with
// cannot be read.
std::vector<std::string> realms_of(const config::azure_settings& section);
// Whether letters of both cases count as one there.
bool has_any_case(const config::azure_settings& section);

// from may be a draft.
void check_identities(const config::configuration& from, config::findings& found);

} // namespace causeway::app
