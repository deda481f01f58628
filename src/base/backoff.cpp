// SPDX-License-Identifier: Apache-2.0
#include "base/backoff.h"

#include <algorithm>
#include <cmath>

namespace causeway {

std::chrono::milliseconds backoff::next(double random) {
  const double exponent = std::min(failures_, 63u);
  ++failures_;
  const double base = std::min(static_cast<double>(policy_.first.count()) * std::pow(policy_.factor, exponent),
                               static_cast<double>(policy_.longest.count()));
  const double spread = 1.0 + policy_.jitter * (2.0 * random - 1.0);
  return std::chrono::milliseconds{static_cast<std::int64_t>(base * spread)};
}

} // namespace causeway
