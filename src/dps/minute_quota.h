// SPDX-License-Identifier: Apache-2.0
// DPS counts what it takes by the minute. Values; any thread.
#pragma once

#include "base/budget.h"

#include <algorithm>
#include <chrono>

namespace causeway::dps {

inline constexpr std::chrono::minutes quota_window{1};

// A budget of so many in any minute, counted from their answers.
inline budget_options minute_quota(double ceiling) {
  budget_options options;
  options.ceiling = std::max(1.0, ceiling);
  options.window = quota_window;
  options.until_answered = true;
  return options;
}

} // namespace causeway::dps
