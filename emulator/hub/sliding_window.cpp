// SPDX-License-Identifier: Apache-2.0
#include "emulator/hub/sliding_window.h"

#include <algorithm>

namespace causeway::emulator {

std::optional<std::chrono::nanoseconds> sliding_window::take(mono_time now) {
  if (taken_.size() < limit_) {
    taken_.push_back(now);
    return std::nullopt;
  }
  auto& oldest = taken_[oldest_];
  if (const auto free_at = oldest + span_; free_at > now) return free_at - now;
  oldest = now;
  oldest_ = (oldest_ + 1) % taken_.size();
  return std::nullopt;
}

std::int64_t whole_seconds(std::chrono::nanoseconds wait) {
  return std::max<std::int64_t>(1, std::chrono::ceil<std::chrono::seconds>(wait).count());
}

} // namespace causeway::emulator
