// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace causeway {

// 0: the configuration can be used. 2: it cannot; every fault is on stderr, with line and column where it has
// one.
int command_check(const std::string& file);

} // namespace causeway
