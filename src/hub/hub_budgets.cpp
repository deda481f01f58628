// SPDX-License-Identifier: Apache-2.0
#include "hub/hub_budgets.h"

#include <algorithm>

namespace causeway::hub {
namespace {

double ceiling_of(double quota) {
  constexpr double a_little_less = 0.99;
  return std::max(1.0, quota * a_little_less);
}

// burst_share: of the quota; what a stall of so many seconds may make up for.
budget_options options_of(double quota, double burst_share) {
  budget_options options;
  options.ceiling = ceiling_of(quota);
  options.burst = std::max(1.0, options.ceiling * burst_share);
  return options;
}

} // namespace

hub_budgets::hub_budgets(double connects_per_second, double sends_per_second, mono_time now)
    : connects{options_of(connects_per_second, 0.025), now}, sends{options_of(sends_per_second, 0.1), now} {}

void hub_budgets::share(double connects_per_second, double sends_per_second) {
  connects.lower_ceiling(ceiling_of(connects_per_second));
  sends.lower_ceiling(ceiling_of(sends_per_second));
}

bool hub_budgets::take_send(mono_time now) {
  if (!day.is_open(now) || !sends.take(now)) return false;
  day.on_send(now);
  return true;
}

mono_time hub_budgets::next_send(mono_time now) const {
  return std::max(sends.next(now), day.next(now));
}

} // namespace causeway::hub
