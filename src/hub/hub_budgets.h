// SPDX-License-Identifier: Apache-2.0
// What all fleets of one hub share: the hub counts for all of them. Pure; one thread.
#pragma once

#include "base/budget.h"
#include "hub/daily_quota.h"

namespace causeway::hub {

struct hub_budgets {
  // By the hub's quotas. A hub's window is a second, and what is sent in one may arrive in a little less than
  // that: so a little less is sent.
  hub_budgets(double connects_per_second, double sends_per_second, mono_time now);

  // The quotas are these from now on; what has been taken stays taken.
  void set_quotas(double connects_per_second, double sends_per_second, mono_time now);
  // One message may go now, and is counted.
  bool take_send(mono_time now);
  // When that is worth trying again.
  mono_time next_send(mono_time now) const;

  budget connects, sends;
  daily_quota day;
};

} // namespace causeway::hub
