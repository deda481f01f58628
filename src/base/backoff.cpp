// SPDX-License-Identifier: Apache-2.0
#include "base/backoff.h"

#include <algorithm>
#include <cmath>

namespace causeway {

std::chrono::milliseconds pause_after(const backoff_policy& policy, std::uint32_t failures, double random) {
  const double exponent = std::min(failures, 63u);
  const double base = std::min(static_cast<double>(policy.first.count()) * std::pow(policy.factor, exponent),
                               static_cast<double>(policy.longest.count()));
  const double spread = 1.0 + policy.jitter * (2.0 * random - 1.0);
  return std::chrono::milliseconds{static_cast<std::int64_t>(base * spread)};
}

} // namespace causeway
