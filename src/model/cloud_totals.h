// SPDX-License-Identifier: Apache-2.0
// What cloud counts, and what of it is shown (figure.h). Plain values; monotonic since the start unless said
// so.
#pragma once

#include "model/figure.h"

namespace causeway::model {

// Of one hub. Plain numbers; those of budgets are a second.
struct hub_totals {
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
  std::uint64_t twin_reads = 0, twin_updates = 0; // asked of the hub; a subscription is an update
  std::uint64_t twin_refused = 0;                 // of them by the hub, for their pace
  std::uint64_t twin_waiting = 0;
  double twin_reads_limit = 0, twin_reads_ceiling = 0;
  double twin_updates_limit = 0, twin_updates_ceiling = 0;
  double connects_held = 0, sends_held = 0; // seconds that the hub has asked to wait, from now
  bool quota_used_up = false;               // the day's messages; one asks when sends_held is over
  std::optional<error> last_fault;          // of the connection; none while it is up
};
extern const figure_table<hub_totals> hub_figures;

// Of one section.
struct dps_totals {
  std::uint64_t requests = 0;      // HTTP requests to DPS
  std::uint64_t registrations = 0; // of them, the billed ones
  std::uint64_t polls = 0;         // of them
  std::uint64_t early_polls = 0;   // of them, those that did not wait for Retry-After
  std::uint64_t throttled = 0;     // answered with 429
  std::uint64_t assigned = 0;
  std::uint64_t refused = 0;          // registrations that ended without a hub
  std::uint64_t in_progress = 0;      // devices that wait for an answer, now
  std::uint64_t waiting = 0;          // of them, those that wait for their turn
  double limit = 0, ceiling = 0;      // registrations a minute: as learnt, and as configured
  milliseconds held_for{0};           // nothing is registered until then
  milliseconds no_early_polls_for{0}; // DPS has refused one
  std::optional<errc> unreachable;    // why nobody gets through, now
};
extern const figure_table<dps_totals> dps_figures;

} // namespace causeway::model
