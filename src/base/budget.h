// SPDX-License-Identifier: Apache-2.0
// How often something may be asked of a service with a quota: at most `limit` in any window, paced, and
// lowered when the service says that it is too much. Pure: time is a parameter. One thread.
//
// Two promises. In any stretch of `window` no more than limit() are taken; where answers are counted
// (`until_answered`), also as the service sees it, however long requests and answers take on their way: a
// place is free again one window after its answer. Inside a window they are spread: `burst` at once, the rest
// at the window's mean rate.
//
// Additive increase, multiplicative decrease: a refusal lowers the limit to what the service has just shown
// to take (what it has answered well within the last window), but never below half of the limit before; then
// it rises by a hundredth of the ceiling each `rise_after` without a refusal, up to the ceiling.
#pragma once

#include "base/clock.h"

#include <cstdint>
#include <deque>
#include <optional>

namespace causeway {

struct budget_options {
  double ceiling = 0; // the quota: so many in a window; at least 1
  std::chrono::nanoseconds window{seconds{1}};
  double burst = 0; // at once, when nothing was taken for a while; 0: a tenth of the limit, at least 1
  bool until_answered = false; // the caller says when each is answered
  std::chrono::nanoseconds rise_after{seconds{10}};
};

class budget {
public:
  budget(budget_options options, mono_time now);

  // Takes one when it may be started now.
  bool take(mono_time now);
  // When take() is worth trying again, never later than it would succeed. mono_time::max() while all places
  // wait for their answers.
  mono_time next(mono_time now) const;
  // With until_answered: one that was taken has been answered well, or got no answer.
  void answered(mono_time now);
  // One that was taken at this moment was refused for its pace: nothing is taken before now + pause. Refusals
  // of what was taken before the last decrease say nothing new and do not lower the limit again.
  void refused(mono_time taken_at, milliseconds pause, mono_time now);

  // The quota is another from now on, at least 1, and so many go at once (as in the options). What has been
  // taken stays taken; a limit that the service has lowered stays so until it rises by itself.
  void set_ceiling(double ceiling, double burst, mono_time now);

  // In a window, now.
  double limit() const { return limit_; }
  double ceiling() const { return options_.ceiling; }
  std::uint64_t refusals() const { return refusals_; }
  // Until when nothing is taken because the service has asked for a pause.
  mono_time held_until() const { return held_until_; }

private:
  void advance(mono_time now);
  void fill(mono_time now);
  std::size_t in_window(mono_time now) const;
  std::size_t room() const; // places in a window

  budget_options options_;
  double limit_;
  double tokens_;
  mono_time filled_at_;
  mono_time held_until_ = mono_time::min();
  mono_time lowered_at_ = mono_time::min();
  mono_time rises_at_;
  std::deque<mono_time> places_; // of the last window: when each was answered (or taken); oldest first
  std::size_t under_way_ = 0;    // with until_answered
  std::uint64_t refusals_ = 0;
};

} // namespace causeway
