// SPDX-License-Identifier: Apache-2.0
#include "hub/fleet_totals.h"

namespace causeway::hub {

void add(fleet_totals& sum, const fleet_totals& one) {
  sum.connections_open += one.connections_open;
  sum.connections_made += one.connections_made;
  sum.connections_lost += one.connections_lost;
  sum.connections_rotated += one.connections_rotated;
  sum.devices += one.devices;
  sum.attached += one.attached;
  sum.queued += one.queued;
  sum.connects += one.connects;
  sum.connects_refused += one.connects_refused;
  sum.sends_refused += one.sends_refused;
  sum.sends_waiting += one.sends_waiting;
  sum.tokens_put += one.tokens_put;
  sum.connects_limit = one.connects_limit;
  sum.connects_ceiling = one.connects_ceiling;
  sum.sends_limit = one.sends_limit;
  sum.sends_ceiling = one.sends_ceiling;
  sum.connects_held = one.connects_held;
  sum.sends_held = one.sends_held;
  sum.quota_used_up = one.quota_used_up;
  if (one.last_fault) sum.last_fault = one.last_fault;
}

} // namespace causeway::hub
