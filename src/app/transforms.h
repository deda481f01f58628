// SPDX-License-Identifier: Apache-2.0
// The transforms of a configuration: where their program is, and whether each compiles. Main thread, or the
// loop's.
#pragma once

#include "config/configuration.h"
#include "config/loader.h"
#include "transform/transform_runner.h"

#include <string>
#include <vector>

namespace causeway::app {

// causeway-transform, beside the program that runs.
std::string transform_executable();
std::vector<transform::transform_program> make_transform_programs(const config::configuration& from);

// Compiles each transform, on a loop of its own. Faults: transform_invalid, with the application and jq's
// words; transform_missing; each at the place of the key.
std::vector<config::fault> check_transforms(const config::configuration& from, const std::string& executable);

} // namespace causeway::app
