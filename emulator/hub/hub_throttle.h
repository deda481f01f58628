// SPDX-License-Identifier: Apache-2.0
// The quotas of an emulated hub as it enforces them: it delays first and refuses later (azure-iot-wire.md
// E.8). Of the emulator's own make, so that a mistake in the gateway's budgets does not repeat itself here.
// Pure. One thread.
#pragma once

#include "base/clock.h"

#include <cstdint>
#include <deque>
#include <optional>

namespace causeway::emulator {

struct hub_throttle_options {
  double connects_per_second = 0; // 0 = no limit
  double sends_per_second = 0;    // 0 = no limit
};

// One quota. What is within the rate, or within one second's worth of it at once, passes; what is beyond
// waits for its turn; what would have to wait longer than two seconds is refused and not counted.
class hub_throttle {
public:
  static constexpr std::chrono::seconds longest_wait{2};

  explicit hub_throttle(double per_second) : rate_{per_second} {}

  // How long this operation has to wait, 0 = not at all; nothing: it is refused. Later operations never wait
  // less than until the end of an earlier one's wait.
  std::optional<std::chrono::nanoseconds> admit(mono_time now);

private:
  double rate_;
  double level_ = 0; // operations not yet worked off
  mono_time at_{};
};

// How many events there were in the busiest second, wherever that second begins.
class connect_window {
public:
  void arrive(mono_time now);
  std::uint64_t busiest() const { return busiest_; }
  void reset();

private:
  std::deque<mono_time> times_; // of the last second
  std::uint64_t busiest_ = 0;
};

} // namespace causeway::emulator
