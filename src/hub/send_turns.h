// SPDX-License-Identifier: Apache-2.0
// Which message of a hub's devices goes now: within the hub's budget of messages and its day's, the
// applications in turns. A few wait here; more are handed back, and wait in the spool. Pure; one thread.
#pragma once

#include "base/fair_queue.h"
#include "hub/hub_budgets.h"
#include "model/message.h"

#include <functional>
#include <memory>
#include <string>

namespace causeway::hub {

class send_turns {
public:
  struct waiting {
    device_ref device{};
    spool_seq seq = 0;
    model::message what;
  };

  // host: for the log. random: uniform in [0, 1).
  send_turns(std::string host, std::shared_ptr<hub_budgets> budgets, std::function<double()> random);

  // True: it goes now, and is counted. False: it waits (a copy does), and take() gives it. Errors:
  // hub_throttled, hub_quota_exceeded, with a pause: too many wait already.
  result<bool> offer(device_ref device, std::uint32_t lane, spool_seq seq, const model::message& what,
                     mono_time now);
  // The next one that waits, if it may go now; it is counted.
  std::optional<waiting> take(mono_time now);
  // The device's message is not wanted any more, if one waits.
  void remove(device_ref device);
  void clear();

  // The hub has taken a message. True: those that wait for the day's quota may go now.
  bool on_accepted();
  // The hub has refused one that went at that moment; what to tell of it. Refusals for the hub's pace are
  // counted and learnt from.
  error on_refused(const error& why, mono_time went_at, moment now);

  // When take() is worth trying again; mono_time::max() while none waits.
  mono_time next(mono_time now) const;
  bool waits(device_ref device) const { return waiting_.contains(device); }
  std::size_t size() const { return waiting_.size(); }
  std::uint64_t refused() const { return refused_; }
  // That the day's messages are used up, with a pause that ends, spread over some time, when the hub is asked
  // again.
  error not_today(mono_time now) const;
  const hub_budgets& budgets() const { return *budgets_; }

private:
  struct kept {
    spool_seq seq = 0;
    model::message what;
  };
  waiting extract(device_ref device);

  std::string host_;
  std::shared_ptr<hub_budgets> budgets_;
  std::function<double()> random_;
  fair_queue queue_;
  std::unordered_map<device_ref, kept> waiting_; // of those in queue_
  std::size_t bytes_ = 0;
  std::uint64_t refused_ = 0; // for their pace
};

} // namespace causeway::hub
