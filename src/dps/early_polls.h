// SPDX-License-Identifier: Apache-2.0
// When a poll may go out before Retry-After says (enrolment::first_poll): early polls are what the quota of
// polls has to spare. An early poll may be in vain, and each registration needs one that is not. So there is
// room for one as long as those in vain, together with a poll for each registration of the last minute and
// each that waits for its turn, are within the quota; and new registrations wait while those in vain have
// used up what they need. A 429 to an early poll ends them for an hour. Pure; one thread.
#pragma once

#include "base/clock.h"

#include <chrono>
#include <deque>

namespace causeway::dps {

class early_polls {
public:
  static constexpr std::chrono::hours off_for{1};

  // Each registration, where polls may be early at all.
  void on_registration(mono_time now) { registrations_.push_back(now); }
  // An early poll has gone out. It is in vain until on_hub says otherwise.
  void on_sent(mono_time now) { in_vain_.push_back(now); }
  // The one that went out then has brought a hub.
  void on_hub(mono_time sent_at);
  // DPS has refused one for its pace. True: that is news.
  bool on_refused(mono_time now);

  // An early poll may go out now. polls: the quota in a minute; registrations_to_come: those that may begin
  // within a minute.
  bool has_turn(double polls, double registrations_to_come, mono_time now);
  // When the next registration may begin for the sake of the polls; now or before: now.
  mono_time next_registration(double polls, mono_time now) const;
  // None goes out before.
  mono_time off_until() const { return off_until_; }

private:
  // The registrations of the last minute and of as long as they may wait for their poll; the early polls of
  // the last minute that have not brought a hub.
  std::deque<mono_time> registrations_, in_vain_;
  mono_time off_until_ = mono_time::min();
};

} // namespace causeway::dps
