// SPDX-License-Identifier: Apache-2.0
// What a hub's fleet says of itself: figures, and what a device waits for.
#include "hub/fleet.h"

#include <algorithm>

namespace causeway::hub {

model::hub_totals fleet::totals(mono_time now) const {
  auto out = totals_;
  for (const auto& line : lines_)
    out.tokens_put += line->tokens_put();
  if (connects_.trouble() && !out.last_fault) out.last_fault = connects_.trouble();
  out.queued = connects_.size();
  out.connects_refused = connects_.throttled();
  out.sends_waiting = sends_.size();
  out.sends_refused = sends_.refused();
  const auto& budgets = sends_.budgets();
  out.connects_limit = budgets.connects.limit();
  out.connects_ceiling = budgets.connects.ceiling();
  out.sends_limit = budgets.sends.limit();
  out.sends_ceiling = budgets.sends.ceiling();
  const auto seconds_until = [now](mono_time when) {
    return when > now ? std::chrono::duration<double>(when - now).count() : 0.0;
  };
  out.connects_held = seconds_until(budgets.connects.held_until());
  out.quota_used_up = budgets.day.is_used_up();
  out.sends_held = seconds_until(std::max(budgets.sends.held_until(), budgets.day.next(now)));
  return out;
}

model::link_progress fleet::progress(device_ref device, mono_time now) const {
  constexpr seconds a_moment{2};
  const auto& who = context_.devices.at(device);
  const auto own = placement_.find(device);
  if (!own) return {};
  model::link_progress out;
  if (who.at == member::stage::attached) {
    if (sends_.budgets().day.is_used_up()) {
      out.fault = sends_.not_today(now);
      out.next_try = sends_.budgets().day.next(now);
    } else {
      const bool queued = sends_.waits(device);
      out.waits_for = queued ? "its turn within the budget of sends" : "the hub's word on its message";
      if (!queued) out.since = who.taken_at;
    }
    return out;
  }
  if (who.at == member::stage::queued || who.at == member::stage::released) {
    if (connects_.trouble()) {
      out.fault = connects_.trouble();
      if (connects_.next_trial() > now) out.next_try = connects_.next_trial();
      return out;
    }
    const bool queued = who.at == member::stage::queued;
    const auto owed = queued || !lines_.at(*own).is_up() ? std::string{} : lines_.at(*own).waits_for();
    out.waits_for = queued         ? "its turn within the budget of connects"
                    : owed.empty() ? "the hub's answer to its token and its link"
                                   : owed;
    out.since = queued ? who.since : who.taken_at;
    return out;
  }
  // One line tries for all while nothing is open.
  const auto& line = lines_.at(lines_.any_up() ? *own : outage_.probe().value_or(*own));
  const auto opens = std::max({outage_.next_try(), moves_.next(), mono_time{}});
  // What is under way now says more than how the try before it ended.
  if (auto doing = line.waits_for();
      !doing.empty() && (now - line.since() >= a_moment || !totals_.last_fault)) {
    out.waits_for = std::move(doing);
    out.since = line.since();
    return out;
  }
  out.fault = totals_.last_fault;
  if (opens > now) out.next_try = opens;
  return out;
}

} // namespace causeway::hub
