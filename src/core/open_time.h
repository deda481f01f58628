// SPDX-License-Identifier: Apache-2.0
// For how long the store has been open in all its life: the only clock by which anything is given up, for
// neither a stopped process nor a machine's wrong clock moves it (decision 20). Owned by the shard; one
// thread.
#pragma once

#include "base/clock.h"

#include <cstdint>

namespace causeway::core {

class open_time {
public:
  explicit open_time(moment started) : started_{started.mono} {}

  // At start, what the disk says.
  void restore(std::uint32_t open_seconds) { at_start_ = open_seconds; }
  std::uint32_t seconds_at(moment now) const {
    return at_start_ + static_cast<std::uint32_t>(since_start(now));
  }
  std::uint32_t at_start() const { return at_start_; }
  mono_time started() const { return started_; }
  // Of the process: whole seconds, and milliseconds that wrap after 49 days.
  std::int32_t since_start(moment now) const {
    return static_cast<std::int32_t>((now.mono - started_) / seconds{1});
  }
  std::uint32_t ms_since_start(moment now) const { return ms_at(now.mono); }
  std::uint32_t ms_at(mono_time at) const {
    return static_cast<std::uint32_t>((at - started_) / milliseconds{1});
  }
  // Of open seconds; negative: before it.
  std::int32_t since_start(std::uint32_t open) const { return static_cast<std::int32_t>(open - at_start_); }

private:
  mono_time started_;
  std::uint32_t at_start_ = 0;
};

} // namespace causeway::core
