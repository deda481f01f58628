// SPDX-License-Identifier: Apache-2.0
// The deliveries of a connection, or what it has asked of its hub, that have the same time to live, in the
// order of their ends, whichever device they are of: no timer a device. What has ended before stays until it
// is the first. Part of command_desk. Pure; one thread.
#pragma once

#include "base/clock.h"
#include "model/hub_command.h"

#include <cstdint>
#include <deque>
#include <optional>

namespace causeway::hub {

class delivery_queue {
public:
  struct entry {
    mono_time due{};
    std::uint64_t context = 0; // device_session's
    model::delivery_number number{};
  };

  // due: none before those of the calls before.
  void push(entry what) { waiting_.push_back(what); }
  // is_alive: of an entry.
  template <class Alive>
  void drop_ended(const Alive& is_alive) {
    while (!waiting_.empty() && !is_alive(waiting_.front()))
      waiting_.pop_front();
  }
  // The first one, if its time is over.
  std::optional<entry> take_overdue(mono_time now) {
    if (waiting_.empty() || waiting_.front().due > now) return std::nullopt;
    const auto first = waiting_.front();
    waiting_.pop_front();
    return first;
  }
  std::optional<mono_time> deadline() const {
    return waiting_.empty() ? std::nullopt : std::optional{waiting_.front().due};
  }

private:
  std::deque<entry> waiting_;
};

} // namespace causeway::hub
