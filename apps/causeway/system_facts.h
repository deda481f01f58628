// SPDX-License-Identifier: Apache-2.0
// What this machine is, for a bug report.
#pragma once

#include <filesystem>
#include <string>

namespace causeway {

// Lines "name: value": kernel, distribution, processors, memory, this process's limits, the control group's
// memory, and, unless `state` is empty, the file system that it is on. What cannot be read is told.
std::string describe_system(const std::filesystem::path& state);

} // namespace causeway
