// SPDX-License-Identifier: Apache-2.0
// What a fleet has done and how it stands. Plain numbers; those of budgets are a second.
#pragma once

#include "base/error.h"

#include <cstdint>
#include <optional>

namespace causeway::hub {

struct fleet_totals {
  std::uint64_t connections_open = 0, connections_made = 0, connections_lost = 0, connections_rotated = 0;
  std::uint64_t devices = 0;                             // that belong here
  std::uint64_t attached = 0;                            // of these, online
  std::uint64_t queued = 0;                              // of these, waiting for the budget of connects
  std::uint64_t connects = 0;                            // let through by the budget
  std::uint64_t connects_refused = 0, sends_refused = 0; // by the hub, for their pace
  std::uint64_t sends_waiting = 0;
  std::uint64_t tokens_put = 0;
  double connects_limit = 0, connects_ceiling = 0;
  double sends_limit = 0, sends_ceiling = 0;
  double connects_held = 0, sends_held = 0; // seconds that the hub has asked to wait, from now
  bool quota_used_up = false;               // the day's messages; one asks when sends_held is over
  std::optional<error> last_fault;          // of the connection; none while it is up
};

// Of two fleets with one hub: figures add up, those of the budgets are the hub's.
void add(fleet_totals& sum, const fleet_totals& one);

} // namespace causeway::hub
