// SPDX-License-Identifier: Apache-2.0
// Time is a parameter: pure modules get a moment with each event and never ask a clock.
#pragma once

#include "base/result.h"

#include <chrono>
#include <string>
#include <string_view>

namespace causeway {

using mono_time = std::chrono::steady_clock::time_point; // for waits: never jumps
using wall_time = std::chrono::system_clock::time_point; // for what others see: tokens, records
using std::chrono::milliseconds;
using std::chrono::seconds;

// One reading of both clocks.
struct moment {
  mono_time mono;
  wall_time wall;
};

class clock {
public:
  virtual ~clock() = default;
  virtual moment now() const = 0;
};

// The machine's clocks. Any thread.
class system_clock final : public clock {
public:
  moment now() const override { return {std::chrono::steady_clock::now(), std::chrono::system_clock::now()}; }
};

// A clock that a test turns by hand. One thread.
class manual_clock final : public clock {
public:
  // Starts at 2026-01-01T00:00:00Z and one hour of monotonic time.
  manual_clock();
  moment now() const override { return now_; }
  void advance(std::chrono::nanoseconds by);

private:
  moment now_;
};

// "2026-01-01T00:00:00.123Z", UTC, milliseconds.
std::string format_rfc3339(wall_time time);
// RFC 3339 with 0 to 9 fractional digits and Z or an offset, from 1678 to 2261. Errors: field_invalid.
result<wall_time> parse_rfc3339(std::string_view text);
// Whole seconds since 1970-01-01 UTC.
std::int64_t unix_seconds(wall_time time);

} // namespace causeway
