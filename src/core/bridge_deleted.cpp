// SPDX-License-Identifier: Apache-2.0
// Devices that are deleted in The Things Stack, and device ids that come back as another device.
#include "core/bridge.h"

#include "base/log.h"

#include <algorithm>

namespace causeway::core {

void bridge::suspect(device_ref which) {
  auto& d = table_.at(which);
  if (!rules_of(d).follows_registry || d.suspected) return;
  d.suspected = true;
  suspects_.push_back(which);
}

void bridge::tick_suspects(moment now) {
  constexpr milliseconds pace{100};
  while (!suspects_.empty() && asked_.size() < most_asked && now.mono >= next_suspect_) {
    const auto which = suspects_.front();
    suspects_.pop_front();
    if (!table_.contains(which)) continue;
    auto& d = table_.at(which);
    d.suspected = false;
    if (d.looking_up || !(d.listed || d.deleted)) continue;
    d.looking_up = true;
    asked_.insert(which);
    next_suspect_ = now.mono + pace;
    ++totals_.registry.look_ups;
    ports_.registry.look_up(which, names_.key_of(d));
  }
}

// By the registry's word about the device itself.
void bridge::on_deleted(device_ref which, moment now) {
  auto& d = table_.at(which);
  d.listed = false;
  d.deleted = true;
  --totals_.registry.listed;
  log::info("device_deleted",
            {{"application", rules_of(d).id}, {"device", d.name()}, {"waiting", d.waiting}});
  if (d.waiting == 0) return leave(which, now);
  ports_.devices.save_device(record_of(which, d));
}

// Deleted, and nothing waits any more.
void bridge::leave(device_ref which, moment now) {
  auto& d = table_.at(which);
  end_link(which, errc::device_unlisted, now);
  lose_assignment(which);
  d.failures = 0;
  set_state(d, device_state::removed, now);
  refused_devices_.erase(which);
  successions_.erase(which);
  ports_.devices.save_device(record_of(which, d));
}

void bridge::lose_assignment(device_ref which) {
  auto& d = table_.at(which);
  claims_.give_up(which);
  if (starting_ && !starting_->has_order) starting_->lost.insert(names_.key_of(d));
  d.assigned = false;
  d.remembered = false;
  d.own_identity.reset();
  ports_.devices.forget_assignment(which);
}

void bridge::take_eui(device_ref which, std::uint64_t eui, moment now) {
  auto& d = table_.at(which);
  const auto next = successions_.find(which);
  if (next != successions_.end() ? next->second.eui == eui : d.has_eui && d.eui == eui) return;
  if (d.has_eui) {
    device other;
    other.has_eui = true;
    other.eui = eui;
    if (const auto more = eui_log_.admit(errc::identifiers_mismatch, now.mono))
      log::warning("device_eui_changed", {{"application", rules_of(d).id},
                                          {"device", d.name()},
                                          {"before", d.dev_eui()},
                                          {"now", other.dev_eui()},
                                          {"more", *more}});
  }
  if (!d.has_eui || !names_.is_by_eui(d)) return names_.set_eui(d, eui);
  successions_[which] = {eui, next_seq_ - 1, {}, now.mono};
  if (d.waiting == 0) become_other(which, now);
}

// Whether nothing of the former device waits any more.
bool bridge::is_succeeded(device_ref which) const {
  const auto found = successions_.find(which);
  if (found == successions_.end()) return false;
  const auto& d = table_.at(which);
  return d.waiting == 0 || outbox_.front(d).seq > found->second.until;
}

void bridge::bury_former(device_ref which, spool_seq until, moment now) {
  auto& d = table_.at(which);
  while (d.waiting != 0 && outbox_.front(d).seq <= until)
    bury(which, outbox_.front(d).seq, error{errc::device_replaced, d.dev_eui().str()}, now);
}

void bridge::become_other(device_ref which, moment now) {
  const auto next = successions_.extract(which).mapped();
  auto& d = table_.at(which);
  end_link(which, errc::device_unlisted, now);
  bury_former(which, next.until, now);
  lose_assignment(which);
  d.failures = 0;
  names_.set_eui(d, next.eui);
  refused_devices_.erase(which);
  ports_.devices.save_device(record_of(which, d));
  const bool goes_on = d.state == device_state::provisioning || d.state == device_state::attaching ||
                       d.state == device_state::online || d.state == device_state::parked;
  set_state(d, goes_on ? device_state::known : d.state, now);
  if (goes_on && !is_switched_off(d)) connect(which, now);
}

// A minute in which its hub works is what the former has: online, or refused for a reason of its own.
void bridge::tick_successions(moment now) {
  constexpr seconds most{60};
  if (successions_.empty()) return;
  std::vector<device_ref> over;
  for (auto& [which, one] : successions_) {
    const auto& d = table_.at(which);
    if (d.state == device_state::online || is_refused_now(d)) one.worked += now.mono - one.looked;
    one.looked = now.mono;
    if ((one.worked >= most || is_succeeded(which)) && !d.in_flight) over.push_back(which);
  }
  for (const auto which : over)
    become_other(which, now);
}

} // namespace causeway::core
