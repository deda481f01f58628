// SPDX-License-Identifier: Apache-2.0
// From [azure.NAME] to what cloud takes; it loads the bundles of certificates.
#pragma once

#include "cloud/azure_section.h"
#include "config/configuration.h"

namespace causeway::app {

// What is wrong or odd with the section's connection strings, keys, addresses and tier goes into found, each
// naming its key ("azure.field.group_key"), none showing a secret. Where faults were found the section is not
// to be used. from may be a draft (config_report::draft).
cloud::azure_section make_section(const config::azure_settings& from, const config::places& places,
                                  config::findings& found);

} // namespace causeway::app
