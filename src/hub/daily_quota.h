// SPDX-License-Identifier: Apache-2.0
// Whether a hub's messages of the day are used up. A hub that says so says it to each message until 00:00 UTC
// (azure-iot-wire.md E.8), unless its operator buys units: so one message asks now and then, and all others
// wait. Pure: time is a parameter. One thread.
#pragma once

#include "base/clock.h"

#include <cstdint>

namespace causeway::hub {

class daily_quota {
public:
  bool is_used_up() const { return used_up_; }
  // Whether a message may go now: any of them, or the one that asks. No effect.
  bool is_open(mono_time now) const { return !used_up_ || now >= next_try_; }
  // A message goes. Precondition: is_open.
  void on_send(mono_time now);
  // When is_open will be true.
  mono_time next(mono_time now) const { return is_open(now) ? now : next_try_; }
  // The hub has taken a message. True: it takes messages again.
  bool on_accepted();
  // The hub has refused one because of its quota. True: that is news.
  bool on_refused(moment now);

private:
  bool used_up_ = false;
  bool asking_ = false;
  std::uint32_t asked_ = 0; // in vain
  mono_time next_try_{};
};

} // namespace causeway::hub
