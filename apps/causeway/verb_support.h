// SPDX-License-Identifier: Apache-2.0
// `causeway support`: one file for a bug report. No secret is in it, and it says what is.
#pragma once

#include "causeway/admin_client.h"

#include <string>

namespace causeway {

struct support_options {
  admin_address where;
  std::string log;    // empty: what the running gateway has kept
  std::string output; // empty: named by the time
};

// 0 also when the gateway does not run or the configuration is not good: then the file says so. 1 when the
// file cannot be written; one that is there is never written over.
int verb_support(const support_options& options);

} // namespace causeway
