// SPDX-License-Identifier: Apache-2.0
// How often DPS may be polled, over all registrations. There is no quota until DPS has throttled a poll; then
// it is learnt from what DPS has taken within the last minute. Pure; one thread.
#pragma once

#include "base/budget.h"

#include <deque>
#include <optional>

namespace causeway::dps {

class poll_quota {
public:
  // a_minute: what is documented.
  explicit poll_quota(double a_minute) : documented_{a_minute} {}

  // Retry-After of a 429: no poll goes out now.
  bool is_held(mono_time now) const { return held_until_ > now; }
  // Takes one when it may go out. Precondition: not held.
  bool take(mono_time now) { return !learnt_ || learnt_->take(now); }
  // When it is worth trying again.
  mono_time next(mono_time now) const;
  // Polls are counted by now. One that is taken meanwhile is answered as metered.
  bool is_metered() const { return learnt_.has_value(); }

  void on_answer(bool metered, mono_time now);
  // It may have reached DPS and count there.
  void on_no_answer(bool metered, mono_time now);
  // A 429; sent_at: when it went out.
  void on_throttled(bool metered, mono_time sent_at, milliseconds pause, mono_time now);

  double a_minute() const { return learnt_ ? learnt_->limit() : documented_; }

private:
  void learn(mono_time sent_at, milliseconds pause, mono_time now);

  double documented_;
  std::optional<budget> learnt_;
  std::deque<mono_time> answered_; // until it is learnt: within the last minute
  mono_time held_until_ = mono_time::min();
};

} // namespace causeway::dps
