// SPDX-License-Identifier: Apache-2.0
// A quota as "so many in so long": what happened within the last `span` may not be more than `limit`. Of the
// emulator's own make, so that the gateway's budgets are not judged by themselves. Pure. One thread.
#pragma once

#include "base/clock.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace causeway::emulator {

class sliding_window {
public:
  // limit: at least 1.
  sliding_window(std::uint32_t limit, std::chrono::nanoseconds span) : limit_{limit}, span_{span} {}

  // Nothing when there was room, and it is taken. Otherwise how long until there is; the attempt does not
  // count.
  std::optional<std::chrono::nanoseconds> take(mono_time now);

private:
  std::uint32_t limit_;
  std::chrono::nanoseconds span_;
  std::vector<mono_time> taken_; // the last `limit` times, a ring
  std::size_t oldest_ = 0;
};

// What Retry-After and its like say of a wait: whole seconds, rounded up, at least 1.
std::int64_t whole_seconds(std::chrono::nanoseconds wait);

} // namespace causeway::emulator
