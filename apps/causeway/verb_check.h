// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace causeway {

// 0: the configuration can be used, and every log-in that was tried is well. 1: one is not; which, and why,
// is on stdout. 2: it cannot be used; every fault is on stderr, with line and column where it has one.
int verb_check(const std::string& file, bool offline);

} // namespace causeway
