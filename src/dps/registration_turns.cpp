// SPDX-License-Identifier: Apache-2.0
#include "dps/registration_turns.h"

#include "dps/minute_quota.h"

#include <algorithm>

namespace causeway::dps {

registration_turns::registration_turns(double a_minute, mono_time now)
    : quota_{minute_quota(a_minute), now} {}

std::optional<device_ref> registration_turns::take_first(mono_time not_before, mono_time now) {
  if (queue_.empty() || not_before > now || !quota_.take(now)) return std::nullopt;
  return queue_.pop();
}

mono_time registration_turns::next_first(mono_time not_before, mono_time now) const {
  return queue_.empty() ? mono_time::max() : std::max(not_before, quota_.next(now));
}

double registration_turns::to_come() const {
  return std::min(static_cast<double>(queue_.size()), quota_.limit());
}

} // namespace causeway::dps
