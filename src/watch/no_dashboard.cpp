// SPDX-License-Identifier: Apache-2.0
// In place of the dashboard's files, where the program is built without Node.
#ifndef CAUSEWAY_HAS_DASHBOARD
#include "watch/dashboard.h"

namespace causeway::watch {

std::span<const dashboard_file> dashboard_files() {
  return {};
}

} // namespace causeway::watch
#endif
