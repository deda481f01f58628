// SPDX-License-Identifier: Apache-2.0
// What the fleets of one process share. Owned by fleet_set, which is the only one to give it to them.
#pragma once

#include "hub/fleet_ports.h"
#include "hub/member_table.h"
#include "hub/twin_turns.h"
#include "model/hub_link.h"
#include "model/timeline.h"

#include <functional>
#include <map>
#include <string>

namespace causeway::hub {

struct fleet_context {
  model::hub_link_events& events;
  model::hub_command_events& commands;
  line_orders& orders;
  std::function<double()> random; // uniform in [0, 1)
  model::timeline* spans;         // may be null
  std::string client_version;
  member_table devices{};
  bool closing = false;
  bool takes_c2d = true;
  model::connection_number connections = 0;  // so far
  std::uint32_t lines = 0;                   // so far
  std::size_t scouts = 0;                    // fleets that wait for one
  std::map<std::string, twin_turns> twins{}; // by hub
  mono_time twins_due = mono_time::max();    // when one of these may have a turn

  // One waits for its turn that did not before.
  void stir_twins() {
    if (twins_due == mono_time::min()) return;
    twins_due = mono_time::min();
    orders.wake();
  }

  void note(model::phase what, mono_time begin, std::chrono::nanoseconds duration,
            std::optional<device_ref> device, model::connection_number connection,
            std::optional<errc> fault = {}) {
    if (spans != nullptr) spans->note({begin, duration, device, connection, what, fault});
  }
};

} // namespace causeway::hub
