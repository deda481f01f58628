// SPDX-License-Identifier: Apache-2.0
#include "emulator/hub/hub_throttle.h"

#include <algorithm>
#include <cmath>

namespace causeway::emulator {

std::optional<std::chrono::nanoseconds> hub_throttle::admit(mono_time now) {
  using std::chrono::nanoseconds;
  if (rate_ <= 0) return nanoseconds{0};
  const auto passed = std::chrono::duration<double>(now - at_).count();
  level_ = std::max(0.0, level_ - std::max(0.0, passed) * rate_);
  at_ = std::max(at_, now);
  const auto capacity = std::max(1.0, rate_); // one second's worth
  const auto beyond = std::max(0.0, level_ + 1 - capacity);
  // Rounded to whole microseconds: a sum of many small steps is never exactly 0.
  const std::chrono::microseconds wait{std::llround(beyond / rate_ * 1e6)};
  if (wait > longest_wait) return std::nullopt;
  level_ += 1;
  return wait;
}

void connect_window::arrive(mono_time now) {
  while (!times_.empty() && now - times_.front() >= std::chrono::seconds{1})
    times_.pop_front();
  times_.push_back(now);
  busiest_ = std::max<std::uint64_t>(busiest_, times_.size());
}

void connect_window::reset() {
  times_.clear();
  busiest_ = 0;
}

} // namespace causeway::emulator
