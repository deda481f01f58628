// SPDX-License-Identifier: Apache-2.0
// Where each device stands on its way to its hub: the only writer of a device's state and of what belongs to
// it (pauses, failures in a row, trust). Says what is to be done next and does none of it; rules:
// transitions.h. Owned by the shard; one thread.
#pragma once

#include "base/backoff.h"
#include "base/log_limiter.h"
#include "core/by_application.h"
#include "core/device_table.h"
#include "core/limits.h"
#include "core/rule_book.h"
#include "core/transitions.h"
#include "model/totals.h"

#include <functional>
#include <optional>
#include <queue>
#include <vector>

namespace causeway::core {

struct transition {
  stage from{}, to{};
  next_step then = next_step::nothing;
};

class connecting {
public:
  using pauses = connect_pauses;
  // table, rules and totals must live as long. random: uniform in [0, 1).
  connecting(device_table& table, const rule_book& rules, shard_totals& totals, const pauses& by,
             std::function<double()> random);

  // A device that was not there, known or unlisted; one that goes for good. Precondition: it is in the table.
  void appear(device_ref which, device_state in, moment now, bool was_attached = false);
  void vanish(device_ref which);
  // Precondition: it is in the table; a refusal comes with its reason.
  transition on(device_ref which, device_event what, circumstances with);

  // The next device whose pause is over: the event `due` is to follow. Nothing: none is, now.
  std::optional<device_ref> take_due(moment now);
  std::optional<mono_time> deadline() const;
  // Whether a device of this section is online.
  bool is_any_online(const azure_name& section) const;

private:
  struct timer {
    mono_time at;
    device_ref device{};
    friend auto operator<=>(const timer& left, const timer& right) { return left.at <=> right.at; }
  };

  void enter(device& d, device_state to, moment now);
  void apply(device_ref which, device& d, const transition_row& row, const circumstances& with);
  void pause(device_ref which, device& d, const transition_row& row, const circumstances& with);
  void tell_parked(const device& d, const error& why, moment now);
  milliseconds pause_for(const device& d, const error& why) const;

  device_table& table_;
  const rule_book& rules_;
  shard_totals& totals_;
  pauses pauses_;
  std::function<double()> random_;
  by_application<std::uint64_t> online_;
  std::priority_queue<timer, std::vector<timer>, std::greater<>> timers_;
  log_limiter park_log_;
};

} // namespace causeway::core
