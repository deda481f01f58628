// SPDX-License-Identifier: Apache-2.0
#include "core/gates.h"

#include "base/log.h"

#include <utility>

namespace causeway::core {

gates::gates(const refusal_limits& limits, device_table& table, const rule_book& rules,
             std::function<double()> random)
    : table_{table}, rules_{rules}, random_{std::move(random)}, watch_{limits} {}

bool gates::lets(device_ref which, moment now) {
  auto& d = table_.at(which);
  if (d.gated) return false;
  const auto at = place_of(which);
  if (watch_.lets(at, which, now.mono)) return true;
  d.gated = true;
  held_[at].push_back(which);
  return false;
}

bool gates::on_refused(device_ref which, spool_seq seq, const error& why, std::uint64_t waiting, moment now) {
  const auto at = place_of(which);
  const auto verdict = watch_.on_refused(at, which, seq, now.mono, random_());
  if (verdict.gate == refusal_watch::change::closed)
    log::warning("application_paused", {{"application", rules_.at(at.application).id},
                                        {"hub", table_.hub_at(at.hub).host},
                                        {"error", why.name()},
                                        {"detail", why.detail()},
                                        {"waiting", waiting}});
  return verdict.bury;
}

void gates::on_accepted(device_ref which) {
  const auto at = place_of(which);
  if (watch_.on_accepted(at, which) == refusal_watch::change::opened) release(at, "accepted");
}

void gates::on_no_outcome(device_ref which) {
  watch_.on_no_outcome(place_of(which), which);
}

void gates::release(place at, std::string_view why) {
  log::info(
      "application_resumed",
      {{"application", rules_.at(at.application).id}, {"hub", table_.hub_at(at.hub).host}, {"reason", why}});
  const auto them = take_held(at);
  released_.insert(released_.end(), them.begin(), them.end());
}

void gates::open_overdue(moment now) {
  for (const auto at : watch_.open_overdue(now.mono))
    release(at, "judged_one_by_one");
}

std::deque<device_ref> gates::take_held(place at) {
  auto node = held_.extract(at);
  return node.empty() ? std::deque<device_ref>{} : std::move(node.mapped());
}

// Those that were held again meanwhile go behind.
void gates::hold_again(place at, const std::deque<device_ref>& them) {
  if (them.empty()) return;
  auto& held = held_[at];
  held.insert(held.begin(), them.begin(), them.end());
}

std::vector<device_ref> gates::take_released(std::size_t most) {
  std::vector<device_ref> all;
  for (; most > 0 && !released_.empty(); --most) {
    const auto which = released_.front();
    released_.pop_front();
    if (!table_.contains(which)) continue;
    free(which);
    all.push_back(which);
  }
  return all;
}

std::optional<mono_time> gates::deadline() const {
  return held_.empty() ? std::nullopt : watch_.deadline();
}

} // namespace causeway::core
