// SPDX-License-Identifier: Apache-2.0
// Which device of a hub connects now: within the hub's budget of connects, by fair_queue's turns. Where the
// hub refuses a device for what keeps every device away and is none's own fault (a clock that differs, keys
// that are switched off), one at a time tries for all, with growing pauses. Pure; one thread.
#pragma once

#include "base/fair_queue.h"
#include "hub/hub_budgets.h"

#include <functional>
#include <memory>
#include <optional>

namespace causeway::hub {

// Of a device's refusals, those that are everybody's.
bool is_everybodys(errc code);

class connect_turns {
public:
  // random: uniform in [0, 1).
  connect_turns(std::shared_ptr<hub_budgets> budgets, std::function<double()> random);

  // track: the connection that it is placed on.
  void push(device_ref device, std::uint32_t lane, bool urgent, std::uint32_t track);
  void promote(device_ref device) { queue_.promote(device); }
  void remove(device_ref device) { queue_.remove(device); }
  void clear() { queue_ = {}; }
  // The next one, if one may connect now; it is counted. It is answered by one of the following.
  std::optional<device_ref> take(mono_time now);

  // It is attached. True: what kept all away is over.
  bool on_attached();
  // It is refused for its pace.
  void on_throttled(const error& why, mono_time taken_at, mono_time now);
  // It is refused for what is everybody's. True: that is news.
  bool on_trouble(device_ref device, const error& why, mono_time now);
  // Its try has ended, however, or it has not gone out. True: the next one may try for all.
  bool on_ended(device_ref device);
  // What was in the way may have gone.
  void try_now(mono_time now);

  // When take() is worth trying again; mono_time::max() when only an event can bring it about.
  mono_time next(mono_time now) const;
  bool empty() const { return queue_.empty(); }
  std::size_t size() const { return queue_.size(); }
  std::uint64_t throttled() const { return throttled_; }
  // What keeps all away, and when one tries next.
  const std::optional<error>& trouble() const { return trouble_; }
  mono_time next_trial() const { return next_trial_; }
  const hub_budgets& budgets() const { return *budgets_; }

private:
  std::shared_ptr<hub_budgets> budgets_;
  std::function<double()> random_;
  fair_queue queue_;
  std::optional<error> trouble_;
  std::uint32_t failures_ = 0; // of those that tried for all, in a row
  mono_time next_trial_{};
  std::optional<device_ref> on_trial_;
  std::uint64_t throttled_ = 0;
};

} // namespace causeway::hub
