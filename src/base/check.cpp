// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace causeway {

void check_breached(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "causeway: broken invariant %s at %s:%d\n", condition, file, line);
  std::abort();
}

} // namespace causeway
