// SPDX-License-Identifier: Apache-2.0
// The rate limit of The Things Stack's API for one caller: so many requests a minute, all of a minute's at
// once when none were made before, then one by one as they come back (things-stack-wire.md E.6). Of the
// emulator's own make. Pure. One thread.
#pragma once

#include "base/clock.h"

#include <cstdint>

namespace causeway::emulator {

// What the X-Rate-Limit headers say.
struct rate_verdict {
  bool admitted = true;
  std::uint32_t limit = 0;     // a minute
  std::uint32_t available = 0; // requests left now
  std::int64_t reset = 0;      // seconds until all are there again
  std::int64_t retry = 0;      // seconds until the next one; 0 when this one was admitted
};

class gcra_bucket {
public:
  // per_minute: at least 1.
  explicit gcra_bucket(std::uint32_t per_minute)
      : limit_{per_minute}, interval_{std::chrono::nanoseconds{std::chrono::minutes{1}} / per_minute} {}

  // A refused request costs nothing.
  rate_verdict take(mono_time now);

private:
  std::uint32_t limit_;
  std::chrono::nanoseconds interval_; // between two requests at the limit
  mono_time full_at_{};               // when all requests will be there again
};

} // namespace causeway::emulator
