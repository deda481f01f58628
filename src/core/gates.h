// SPDX-License-Identifier: Apache-2.0
// Messages that a hub refuses for a reason that is not in the catalogue: who waits, who tries, what is given
// up. The rules are refusal_watch's; here are the devices that wait at a closed gate, each with its mark.
// Owned by the shard; one thread.
#pragma once

#include "core/device_table.h"
#include "core/refusal_watch.h"
#include "core/rule_book.h"

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

namespace causeway::core {

class gates {
public:
  using place = refusal_watch::place;

  // table and rules must live as long. random: uniform in [0, 1).
  gates(const refusal_limits& limits, device_table& table, const rule_book& rules,
        std::function<double()> random);

  // Whether the device may send now; one that may not is held. Precondition of this and the next three: it is
  // in the table.
  bool lets(device_ref which, moment now);
  // Its oldest message was refused so. True: it has been for so long that it is given up. waiting: messages
  // of its application.
  bool on_refused(device_ref which, spool_seq seq, const error& why, std::uint64_t waiting, moment now);
  void on_accepted(device_ref which);
  void on_no_outcome(device_ref which);
  // Its messages are no longer looked at.
  void forget(device_ref which) { watch_.forget(which); }

  // Gates that have been closed for too long open.
  void open_overdue(moment now);
  // Closed gates at which one may try; who is held there, oldest first, and those that have not come to it.
  std::vector<place> due(moment now) const { return watch_.due(now.mono); }
  std::deque<device_ref> take_held(place at);
  void hold_again(place at, const std::deque<device_ref>& them);
  // It is held no longer.
  void free(device_ref which) { table_.at(which).gated = false; }
  // At most so many of those whose gate has opened; held no longer.
  std::vector<device_ref> take_released(std::size_t most);

  bool has_released() const { return !released_.empty(); }
  std::optional<mono_time> deadline() const; // of a gate at which somebody is held
  std::uint64_t refusals() const { return watch_.refusals(); }
  std::size_t closed() const { return watch_.closed(); }

private:
  place place_of(device_ref which) const {
    const auto& d = table_.at(which);
    return {d.hub, d.application};
  }
  void release(place at, std::string_view why);

  device_table& table_;
  const rule_book& rules_;
  std::function<double()> random_;
  refusal_watch watch_;
  std::map<place, std::deque<device_ref>> held_;
  std::deque<device_ref> released_; // to be sent on
};

} // namespace causeway::core
