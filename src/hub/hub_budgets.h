// SPDX-License-Identifier: Apache-2.0
// What all fleets of one hub share: the hub counts for all of them. Pure; one thread.
#pragma once

#include "base/budget.h"
#include "hub/daily_quota.h"

namespace causeway::hub {

// A second.
struct hub_quotas {
  double connects = 0, sends = 0;
  double twin_reads = 100, twin_updates = 50; // one unit of S1 (azure-iot-wire.md E.8)
};

struct hub_budgets {
  // A hub's window is a second, and what is sent in one may arrive in a little less than that: so a little
  // less is sent.
  hub_budgets(const hub_quotas& by, mono_time now);

  // The quotas are these from now on; what has been taken stays taken.
  void set_quotas(const hub_quotas& by, mono_time now);
  // One message may go now, and is counted.
  bool take_send(mono_time now);
  // When that is worth trying again.
  mono_time next_send(mono_time now) const;

  budget connects, sends;
  budget twin_reads, twin_updates;
  daily_quota day;
};

} // namespace causeway::hub
