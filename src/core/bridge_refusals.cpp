// SPDX-License-Identifier: Apache-2.0
// Messages that a hub refuses for a reason that is not in the catalogue: who waits, who tries, what is given
// up. The rules are refusal_watch's.
#include "core/bridge.h"

#include "base/log.h"

#include <utility>

namespace causeway::core {

// Precondition: something waits. A device that may not pass is held.
bool bridge::passes_gate(device_ref which, moment now) {
  auto& d = table_.at(which);
  if (d.gated) return false;
  if (watch_.lets(place_of(d), which, now.mono)) return true;
  d.gated = true;
  held_[place_of(d)].push_back(which);
  return false;
}

void bridge::on_refused_unknown(device_ref which, spool_seq seq, const error& why, moment now) {
  auto& d = table_.at(which);
  const auto at = place_of(d);
  const auto verdict = watch_.on_refused(at, which, seq, now.mono, options_.random());
  if (verdict.gate == refusal_watch::change::closed)
    log::warning("application_paused", {{"application", rules_of(d).id},
                                        {"hub", table_.hub_of(d).host},
                                        {"error", why.name()},
                                        {"detail", why.detail()},
                                        {"waiting", room_.of(d.application).messages}});
  if (verdict.bury) {
    bury(which, seq, why, now);
    d.failures = 0;
    return pump(which, now);
  }
  outbox_.set_in_flight(which, d, false);
  ++totals_.resent;
  pause(which, why, now);
}

void bridge::release(refusal_watch::place at, std::string_view why) {
  log::info(
      "application_resumed",
      {{"application", rules_.at(at.application).id}, {"hub", table_.hub_at(at.hub).host}, {"reason", why}});
  auto node = held_.extract(at);
  if (node.empty()) return;
  released_.insert(released_.end(), node.mapped().begin(), node.mapped().end());
}

// Lets the first of those who wait that has something to send try it.
void bridge::probe(refusal_watch::place at, moment now) {
  const auto found = held_.find(at);
  if (found == held_.end()) return;
  auto waiting = std::move(found->second);
  held_.erase(found);
  while (!waiting.empty()) {
    const auto which = waiting.front();
    waiting.pop_front();
    if (!table_.contains(which)) continue;
    auto& d = table_.at(which);
    d.gated = false;
    pump(which, now);
    if (d.in_flight || d.reading_back) break;
  }
  if (waiting.empty()) return;
  auto& held = held_[at]; // those that were held again meanwhile go behind
  held.insert(held.begin(), waiting.begin(), waiting.end());
}

void bridge::tick_gates(moment now) {
  constexpr int most_at_once = 1000; // so that the loop turns; the rest goes with the next tick
  for (const auto at : watch_.open_overdue(now.mono))
    release(at, "judged_one_by_one");
  for (const auto at : watch_.due(now.mono))
    probe(at, now);
  for (int i = 0; i < most_at_once && !released_.empty(); ++i) {
    const auto which = released_.front();
    released_.pop_front();
    if (!table_.contains(which)) continue;
    table_.at(which).gated = false;
    pump(which, now);
  }
}

} // namespace causeway::core
