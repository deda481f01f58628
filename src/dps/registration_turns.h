// SPDX-License-Identifier: Apache-2.0
// Which registration begins now: by fair_queue's turns, within the quota of registrations, which is learnt
// where DPS enforces a lower one. A register request that is repeated takes from the same quota. Pure; one
// thread.
#pragma once

#include "base/budget.h"
#include "base/fair_queue.h"

#include <cstdint>
#include <optional>

namespace causeway::dps {

class registration_turns {
public:
  registration_turns(double a_minute, mono_time now);

  // device: the one that stands for its registration.
  void push(device_ref device, std::uint32_t lane, bool urgent) { queue_.push(device, lane, urgent); }
  void promote(device_ref device) { queue_.promote(device); }
  // False when it does not wait.
  bool remove(device_ref device) { return queue_.remove(device); }

  // The next to begin, if one may now; it is counted. not_before: for another reason than the quota.
  std::optional<device_ref> take_first(mono_time not_before, mono_time now);
  // A repeated request may go out; it is counted.
  bool take_repeat(mono_time now) { return quota_.take(now); }
  // One that was taken is answered well, or has got no answer.
  void on_answer(mono_time now) { quota_.answered(now); }
  // A 429; sent_at: when it went out.
  void on_throttled(mono_time sent_at, milliseconds pause, mono_time now) {
    quota_.refused(sent_at, pause, now);
  }

  // When taking is worth trying again; mono_time::max() when nobody waits to begin.
  mono_time next_first(mono_time not_before, mono_time now) const;
  mono_time next_repeat(mono_time now) const { return quota_.next(now); }
  // How many may begin within a minute, of those that wait.
  double to_come() const;
  std::size_t waiting() const { return queue_.size(); }
  const budget& quota() const { return quota_; }

private:
  fair_queue queue_;
  budget quota_;
};

} // namespace causeway::dps
