// SPDX-License-Identifier: Apache-2.0
#include "hub/hub_budgets.h"

#include <algorithm>

namespace causeway::hub {
namespace {

// Of the quota; what a stall of so many seconds may make up for.
constexpr double connects_burst = 0.025, sends_burst = 0.1, twins_burst = 0.1;

double ceiling_of(double quota) {
  constexpr double a_little_less = 0.99;
  return std::max(1.0, quota * a_little_less);
}

double burst_of(double quota, double burst_share) {
  return std::max(1.0, ceiling_of(quota) * burst_share);
}

budget_options options_of(double quota, double burst_share) {
  budget_options options;
  options.ceiling = ceiling_of(quota);
  options.burst = burst_of(quota, burst_share);
  return options;
}

} // namespace

hub_budgets::hub_budgets(const hub_quotas& by, mono_time now)
    : connects{options_of(by.connects, connects_burst), now},
      sends{options_of(by.sends, sends_burst), now},
      twin_reads{options_of(by.twin_reads, twins_burst), now},
      twin_updates{options_of(by.twin_updates, twins_burst), now} {}

void hub_budgets::set_quotas(const hub_quotas& by, mono_time now) {
  const auto set = [now](budget& which, double quota, double burst_share) {
    which.set_ceiling(ceiling_of(quota), burst_of(quota, burst_share), now);
  };
  set(connects, by.connects, connects_burst);
  set(sends, by.sends, sends_burst);
  set(twin_reads, by.twin_reads, twins_burst);
  set(twin_updates, by.twin_updates, twins_burst);
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
