// SPDX-License-Identifier: Apache-2.0
// For what can only be false by a fault in Causeway itself: says where, and ends the program, in every build.
#pragma once

namespace causeway {
[[noreturn]] void check_breached(const char* condition, const char* file, int line);
}

#define CAUSEWAY_CHECK(condition)                                                                            \
  (static_cast<bool>(condition) ? void(0) : ::causeway::check_breached(#condition, __FILE__, __LINE__))
