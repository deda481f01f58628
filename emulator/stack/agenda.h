// SPDX-License-Identifier: Apache-2.0
// What the emulated stack does later: steps by the time that they are due at. Pure. One thread.
#pragma once

#include "base/clock.h"

#include <functional>
#include <map>
#include <optional>

namespace causeway::emulator {

class agenda {
public:
  // Called with the time that it was due at, on both clocks.
  using step = std::function<void(moment)>;

  void at(mono_time when, step what) { steps_.emplace(when, std::move(what)); }
  // Takes the steps that are due, in their order; those of one time as they were put down. A step may put
  // down others, which count too.
  void advance(moment now);
  // What is due before then is due then, in the same order.
  void postpone(mono_time until);
  // When there is something to do; nothing: never.
  std::optional<mono_time> next() const;
  // Within a step: its time.
  moment time() const { return time_; }

private:
  std::multimap<mono_time, step> steps_;
  moment time_{};
};

// The same time on the other clock; now: one reading of both.
inline wall_time wall_of(mono_time when, moment now) {
  return now.wall + std::chrono::duration_cast<wall_time::duration>(when - now.mono);
}

} // namespace causeway::emulator
