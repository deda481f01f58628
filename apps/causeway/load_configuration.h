// SPDX-License-Identifier: Apache-2.0
// Reads a configuration file for a command: prints every fault and warning to stderr, one a line.
#pragma once

#include "config/configuration.h"

#include <optional>
#include <string>

namespace causeway {

// Nothing when there was a fault.
std::optional<config::configuration> load_configuration(const std::string& file);

} // namespace causeway
