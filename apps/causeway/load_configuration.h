// SPDX-License-Identifier: Apache-2.0
// Reads a configuration file for a command: prints every fault and warning to stderr, one a line.
#pragma once

#include "config/loader.h"

#include <cstdint>
#include <optional>
#include <string>

namespace causeway {

// check: a certificate outside its time is a fault; to the others it is a warning.
enum class purpose : std::uint8_t { use, check };

// All that reading and checking it finds; prints nothing.
config::config_report read_configuration(const std::string& file, purpose what_for);

// Nothing when there was a fault.
std::optional<config::configuration> load_configuration(const std::string& file,
                                                        purpose what_for = purpose::use);

} // namespace causeway
