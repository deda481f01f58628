// SPDX-License-Identifier: Apache-2.0
// From a row in the spool to the hub's accept, and the life of a device's connection.
#include "core/bridge.h"

#include "base/check.h"
#include "base/log.h"

#include <algorithm>
#include <utility>

namespace causeway::core {
namespace {

// Refusals that concern the message and would repeat for ever; everything else concerns the device or the
// hub.
bool is_message_fault(errc code) {
  return code == errc::message_too_large || code == errc::hub_refused || code == errc::record_corrupt;
}

// Refusals after which a cached assignment may be wrong, so that DPS is worth asking (azure-iot-wire.md E.6).
bool casts_doubt_on_assignment(errc code) {
  return code == errc::hub_unauthorized || code == errc::hub_device_unknown || code == errc::hub_forbidden ||
         code == errc::hub_not_found;
}

} // namespace

void bridge::set_state(device& d, device_state to) {
  --totals_.devices[static_cast<std::size_t>(d.state)];
  ++totals_.devices[static_cast<std::size_t>(to)];
  d.state = to;
}

void bridge::connect(device_ref which, moment now) {
  if (table_.at(which).assigned) return attach(which);
  provision(which, now);
}

void bridge::provision(device_ref which, moment now) {
  auto& d = table_.at(which);
  const auto& rules = rules_[d.application];
  auto wanted = expand_identity(rules.identity_template, {rules.id, d.id}, d.dev_eui);
  if (!wanted) return park(which, wanted.fault(), now);
  set_state(d, device_state::provisioning);
  ++totals_.provisionings;
  ports_.provisioner.find_hub(which, rules.section, *wanted, wish_of(d));
}

connect_wish bridge::wish_of(const device& d) const {
  const auto& rules = rules_[d.application];
  return {rules.model_id, rules.commands, d.application, d.waiting != 0};
}

void bridge::attach(device_ref which) {
  auto& d = table_.at(which);
  const auto& hub = table_.hub_of(d);
  set_state(d, device_state::attaching);
  ++totals_.attaches;
  ports_.hub.attach(which, {hub.host, d.identity, hub.section, {}, hub.fingerprint}, wish_of(d));
}

void bridge::on_assignment(device_ref which, result<assignment> where, moment now) {
  auto& d = table_.at(which);
  if (d.state != device_state::provisioning) return;
  if (!where) return park(which, where.fault(), now);
  where->fingerprint = origin_of(rules_[d.application]);
  d.assigned = true;
  d.identity = where->identity;
  d.hub = table_.intern({where->hub, where->section, where->fingerprint});
  if (!where->fingerprint.empty()) ports_.devices.save_assignment(which, *where);
  attach(which);
}

void bridge::on_device_attached(device_ref which, moment now) {
  auto& d = table_.at(which);
  set_state(d, device_state::online);
  d.attached_at = now.mono;
  d.paused = false;
  pump(which);
}

void bridge::on_device_detached(device_ref which, const error& why, bool link_retries, moment now) {
  auto& d = table_.at(which);
  if (d.state != device_state::attaching && d.state != device_state::online) return;
  ++totals_.detaches;
  // Whether the hub took it is not known: it is sent again with the same message-id.
  if (d.in_flight != 0) ++totals_.resent;
  d.in_flight = 0;
  // An attachment that has lasted, or carried a message, starts the pauses anew; one that is taken back at
  // once does not.
  constexpr seconds lasting{60};
  if (d.state == device_state::online && now.mono - d.attached_at > lasting) {
    d.failures = 0;
    d.distrusted = false;
  }
  if (link_retries) return set_state(d, device_state::attaching);
  if (casts_doubt_on_assignment(why.code()) && !table_.hub_of(d).fingerprint.empty() && !d.distrusted)
    return distrust(which, now);
  park(which, why, now);
}

void bridge::distrust(device_ref which, moment now) {
  auto& d = table_.at(which);
  d.distrusted = true; // once; if the new assignment is refused too, the device is parked
  d.assigned = false;
  ports_.devices.forget_assignment(which);
  provision(which, now);
}

milliseconds bridge::pause_for(const device& d, const error& why) const {
  constexpr milliseconds longest_asked{3'600'000};
  if (why.retry_after()) return std::min(*why.retry_after(), longest_asked);
  const bool passing = why.cls() == error_class::transient || why.cls() == error_class::throttled ||
                       why.code() == errc::hub_refused;
  return pause_after(passing ? options_.transient : options_.permanent, d.failures, options_.random());
}

void bridge::park(device_ref which, const error& why, moment now) {
  auto& d = table_.at(which);
  set_state(d, device_state::parked);
  ++totals_.parks;
  d.reason = why.code();
  d.reason_detail = why.detail();
  const auto pause = pause_for(d, why);
  d.next_try = now.mono + pause;
  ++d.failures;
  timers_.push({d.next_try, which});
  log::warning("device_parked", {{"application", rules_[d.application].id},
                                 {"device", d.id},
                                 {"error", why.name()},
                                 {"detail", why.detail()},
                                 {"next_try_ms", pause.count()}});
}

void bridge::pause(device_ref which, const error& why, moment now) {
  auto& d = table_.at(which);
  d.paused = true;
  d.next_try = now.mono + pause_for(d, why);
  ++d.failures;
  timers_.push({d.next_try, which});
}

void bridge::on_tick(moment now) {
  while (!timers_.empty() && timers_.top().at <= now.mono) {
    const auto which = timers_.top().device;
    timers_.pop();
    auto& d = table_.at(which);
    if (d.next_try > now.mono) continue; // the device has a later timer of its own
    if (d.state == device_state::parked) {
      connect(which, now);
    } else if (d.paused) {
      d.paused = false;
      pump(which);
    }
  }
}

std::optional<mono_time> bridge::deadline() const {
  if (timers_.empty()) return std::nullopt;
  return timers_.top().at;
}

void bridge::pump(device_ref which) {
  auto& d = table_.at(which);
  if (d.state != device_state::online || d.paused || d.in_flight != 0 || d.waiting == 0) return;
  const auto seq = outbox_.front(d).seq;
  const auto* body = cache_.find(seq);
  if (body == nullptr) return want_body(which);
  send(which, seq, *body);
}

void bridge::send(device_ref which, spool_seq seq, const message& body) {
  table_.at(which).in_flight = seq;
  ports_.hub.send(which, seq, body);
}

void bridge::want_body(device_ref which) {
  auto& d = table_.at(which);
  if (d.reading_back) return;
  d.reading_back = true;
  wanted_.push_back(which);
  read_wanted();
}

void bridge::read_wanted() {
  if (!reading_.empty()) return;
  std::vector<spool_seq> seqs;
  while (!wanted_.empty() && reading_.size() < options_.read_back_batch) {
    const auto which = wanted_.front();
    wanted_.pop_front();
    auto& d = table_.at(which);
    if (d.waiting == 0) {
      d.reading_back = false;
      continue;
    }
    reading_.emplace_back(which, outbox_.front(d).seq);
    seqs.push_back(reading_.back().second);
  }
  if (seqs.empty()) return;
  std::sort(seqs.begin(), seqs.end());
  ports_.spool.read_back(std::move(seqs));
}

void bridge::on_read_back(std::vector<spool_row> rows, const std::vector<spool_seq>& gone, moment) {
  totals_.read_back += rows.size();
  for (auto& row : rows) {
    auto& d = table_.at(row.device);
    if (d.waiting == 0 || outbox_.front(d).seq != row.seq) continue; // sent meanwhile from the cache
    d.reading_back = false;
    if (d.state == device_state::online && !d.paused && d.in_flight == 0) {
      send(row.device, row.seq, row.body);
    } else {
      cache_.keep(row.seq, std::move(row.body));
    }
  }
  for (const auto& [which, seq] : std::exchange(reading_, {})) {
    auto& d = table_.at(which);
    if (!std::exchange(d.reading_back, false)) continue;
    const bool lost = std::find(gone.begin(), gone.end(), seq) != gone.end();
    if (lost && d.waiting != 0 && d.in_flight != seq && outbox_.front(d).seq == seq) {
      finish(which, seq);
      ++totals_.dead_lettered;
    }
    pump(which);
  }
  read_wanted();
}

void bridge::bury(device_ref which, spool_seq seq, const error& why) {
  const auto& d = table_.at(which);
  finish(which, seq);
  ports_.spool.dead_letter(seq, why);
  ++totals_.dead_lettered;
  log::warning("message_dead_lettered", {{"application", rules_[d.application].id},
                                         {"device", d.id},
                                         {"seq", seq},
                                         {"error", why.name()},
                                         {"detail", why.detail()}});
}

void bridge::finish(device_ref which, spool_seq seq) {
  auto& d = table_.at(which);
  outbox_.pop(d);
  cache_.drop(seq);
}

void bridge::on_send_outcome(device_ref which, spool_seq seq, const result<void>& outcome, moment now) {
  auto& d = table_.at(which);
  if (d.in_flight != seq) return; // of a connection that is gone
  d.in_flight = 0;
  if (outcome) {
    const auto accepted_ms = outbox_.front(d).accepted_ms;
    if (accepted_ms != 0) {
      const auto ms = static_cast<std::uint32_t>((now.mono - started_) / milliseconds{1}) - accepted_ms;
      const auto bucket = std::lower_bound(latency_bounds_ms.begin(), latency_bounds_ms.end(), ms);
      ++totals_.latency[static_cast<std::size_t>(bucket - latency_bounds_ms.begin())];
      totals_.latency_ms_sum += ms;
    }
    finish(which, seq);
    ports_.spool.mark_done(seq);
    ++totals_.sent;
    ++d.sent;
    d.failures = 0;
    d.distrusted = false;
    return pump(which);
  }
  // A refusal that the catalogue does not know may be the hub's mood: such a message gets three tries.
  constexpr std::uint32_t tries_if_unknown = 3;
  const auto code = outcome.fault().code();
  if (is_message_fault(code) && (code != errc::hub_refused || d.failures + 1 >= tries_if_unknown)) {
    bury(which, seq, outcome.fault());
    d.failures = 0;
    return pump(which);
  }
  ++totals_.resent;
  pause(which, outcome.fault(), now);
}

} // namespace causeway::core
