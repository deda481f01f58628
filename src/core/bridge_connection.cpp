// SPDX-License-Identifier: Apache-2.0
// The life of a device's connection: its hub is found, it is attached, refused, parked, tried again.
#include "core/bridge.h"

#include "base/log.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace causeway::core {
namespace {

// Refusals after which a cached assignment may be wrong, so that DPS is worth asking (azure-iot-wire.md E.6).
bool casts_doubt_on_assignment(errc code) {
  return code == errc::hub_unauthorized || code == errc::hub_device_unknown || code == errc::hub_forbidden ||
         code == errc::hub_not_found;
}

// Refusals that a clock may have brought about: of tokens and certificates.
bool has_to_do_with_time(errc code) {
  return code == errc::hub_unauthorized || code == errc::hub_token_expired ||
         code == errc::dps_unauthorized || code == errc::clock_skew || code == errc::tls_untrusted;
}

// What DPS says of this device, now and later; anything else is only that it cannot answer now.
bool is_for_good(const error& why) {
  return why.cls() == error_class::permanent;
}

} // namespace

// What an assignment made now is known by; another enrolment or identity template makes it stale. Empty where
// finding the hub again costs nothing, so that a changed connection string counts at once.
const std::string& bridge::origin_of(std::uint32_t application) {
  auto& origin = origins_[application];
  if (!origin) {
    const auto& rules = rules_.at(application);
    origin = ports_.provisioner.fingerprint(rules.section);
    if (!origin->empty()) *origin += "/" + rules.identity_template;
  }
  return *origin;
}

void bridge::set_state(device& d, device_state to, moment now) {
  if (to == d.state) return;
  --totals_.devices[static_cast<std::size_t>(d.state)];
  ++totals_.devices[static_cast<std::size_t>(to)];
  if (d.state == device_state::online) --online_[d.application];
  if (to == device_state::online) ++online_[d.application];
  d.state = to;
  d.since = now.mono;
  d.next_try = {};
  d.reason_detail.reset();
  d.held = false;
  d.ask_first = false;
  d.unproven = false;
}

void bridge::connect(device_ref which, moment now) {
  if (starting_ && !starting_->has_order) return set_state(table_.at(which), device_state::known, now);
  if (table_.at(which).assigned) return attach(which, now);
  provision(which, now);
}

void bridge::try_again(device_ref which, moment now) {
  const auto& d = table_.at(which);
  if (awaits_registry(d)) return look_up(which, now);
  if (d.ask_first) return provision(which, now);
  connect(which, now);
}

void bridge::provision(device_ref which, moment now) {
  auto& d = table_.at(which);
  auto wanted = names_.wanted_of(d);
  if (!wanted) return park(which, wanted.fault(), now);
  if (const auto holder = claims_.claim(which, *wanted)) {
    // That another one claims it is a reason to ask whether its holder is still there.
    suspect(*holder);
    const auto theirs = names_.key_of(table_.at(*holder));
    return park(which,
                error{errc::identity_taken, wanted->str() + " is that of " + theirs.device.str() +
                                                " of application " + theirs.application.str()},
                now);
  }
  set_state(d, device_state::provisioning, now);
  ++totals_.provisionings;
  ports_.provisioner.find_hub(which, rules_of(d).section, *wanted, names_.wish_of(d));
}

void bridge::attach(device_ref which, moment now) {
  auto& d = table_.at(which);
  const auto& hub = table_.hub_of(d);
  set_state(d, device_state::attaching, now);
  ++totals_.attaches;
  ports_.hub.attach(
      which,
      {hub.host, names_.identity_of(d), hub.section, wall_time{seconds{d.assigned_at}}, hub.fingerprint},
      names_.wish_of(d));
}

void bridge::on_assignment(device_ref which, result<assignment> where, moment now) {
  if (!table_.contains(which)) return;
  auto& d = table_.at(which);
  if (d.state != device_state::provisioning) return;
  if (!where && !d.assigned) return park(which, where.fault(), now);
  if (!where && is_for_good(where.fault())) return park(which, where.fault(), now, true);
  if (!where) {
    // The hub has refused the device, and DPS cannot say whether it has moved: it may be the hub that was
    // wrong. The next question to DPS has to wait.
    const auto pause = pause_for(d, where.fault());
    count_failure(d);
    attach(which, now);
    d.next_try = now.mono + pause;
    return;
  }
  where->fingerprint = origin_of(d.application);
  const auto hub = table_.intern({where->hub, where->section, where->fingerprint});
  // One by connection string that is on disk has the identity of its template.
  const bool is_same = (d.assigned && d.hub == hub && names_.identity_of(d) == where->identity) ||
                       (!d.assigned && d.remembered && d.hub == hub);
  if (d.assigned && !is_same) d.failures = 0;
  d.assigned = true;
  d.hub = hub;
  names_.set_identity(d, where->identity);
  if (!is_same) ports_.devices.save_assignment(which, *where);
  d.remembered = true;
  d.assigned_at = static_cast<std::uint32_t>(unix_seconds(where->assigned_at));
  attach(which, now);
}

void bridge::on_device_attached(device_ref which, moment now) {
  if (!table_.contains(which)) return;
  auto& d = table_.at(which);
  if (d.state != device_state::attaching) return; // detached meanwhile
  set_state(d, device_state::online, now);
  d.unproven = options_.timeline != nullptr;
  const bool was_refused = !refused_devices_.empty() && refused_devices_.erase(which) != 0;
  if (was_refused || !d.attached) {
    d.attached = true;
    ports_.devices.save_device(record_of(which, d));
  }
  pump(which, now);
}

void bridge::on_device_detached(device_ref which, const error& why, bool link_retries, moment now) {
  if (!table_.contains(which)) return;
  auto& d = table_.at(which);
  if (d.state != device_state::attaching && d.state != device_state::online) return;
  ++totals_.detaches;
  // Whether the hub took it is not known: it is sent again with the same message-id.
  if (d.in_flight) {
    ++totals_.resent;
    outbox_.set_in_flight(which, d, false);
  }
  end_first_send(which, why.code(), now);
  // An attachment that has lasted, or carried a message, starts the pauses anew; one that is taken back at
  // once does not.
  constexpr seconds lasting{60};
  if (d.state == device_state::online && now.mono - d.since > lasting) {
    d.failures = 0;
    d.distrusted = false;
  }
  if (!link_retries) return refused(which, why, now);
  set_state(d, device_state::attaching, now);
  // Without the detail: it is the same for the thousand devices of the connection, and the hub's status has
  // it.
  d.held = true;
  d.reason = why.code();
  if (d.waiting != 0) ports_.hub.hurry(which);
}

// By the hub. The assignment is kept, and DPS asked once whether there is another; as long as DPS has not
// answered, it is asked again with growing pauses, and the hub tried in between.
void bridge::refused(device_ref which, const error& why, moment now) {
  auto& d = table_.at(which);
  if (!casts_doubt_on_assignment(why.code()) || table_.hub_of(d).fingerprint.empty())
    return park(which, why, now);
  const bool was_trusted = !d.distrusted;
  d.distrusted = true;
  if (was_trusted) return provision(which, now);
  const bool is_owed_an_answer = d.state == device_state::attaching && d.next_try != mono_time{};
  if (!is_owed_an_answer) return park(which, why, now, true);
  if (d.next_try <= now.mono) return provision(which, now);
  park(which, why, now, true, d.next_try);
}

milliseconds bridge::pause_for(const device& d, const error& why) const {
  constexpr milliseconds longest_asked{3'600'000};
  if (why.retry_after()) return std::min(*why.retry_after(), longest_asked);
  // A hub by connection string that is gone may be back at any time, and nobody else can be asked.
  const bool hub_is_away =
      why.code() == errc::hub_not_found && d.assigned && table_.hub_of(d).fingerprint.empty();
  const bool passing = why.cls() == error_class::transient || why.cls() == error_class::throttled ||
                       why.code() == errc::hub_refused || hub_is_away;
  return pause_after(passing ? options_.transient : options_.permanent, d.failures, options_.random());
}

void bridge::count_failure(device& d) {
  if (d.failures < std::numeric_limits<decltype(d.failures)>::max()) ++d.failures;
}

void bridge::set_reason(device& d, const error& why) {
  d.reason = why.code();
  d.reason_detail = why.detail().empty() ? nullptr : std::make_unique<std::string>(why.detail());
}

// ask_first: DPS is asked before the hub is tried again. until: a pause that has been counted already.
void bridge::park(device_ref which, const error& why, moment now, bool ask_first,
                  std::optional<mono_time> until) {
  auto& d = table_.at(which);
  set_state(d, device_state::parked, now);
  ++totals_.parks;
  set_reason(d, why);
  d.ask_first = ask_first;
  d.next_try = until.value_or(now.mono + pause_for(d, why));
  if (!until) count_failure(d);
  timers_.push({d.next_try, which});
  note_refused(which, now);
  const auto pause = std::chrono::duration_cast<milliseconds>(d.next_try - now.mono);
  if (const auto more = park_log_.admit(why.code(), now.mono))
    log::warning("device_parked", {{"application", rules_of(d).id},
                                   {"device", d.name()},
                                   {"error", why.name()},
                                   {"detail", why.detail()},
                                   {"next_try_ms", pause.count()},
                                   {"more", *more}});
}

void bridge::pause(device_ref which, const error& why, moment now) {
  auto& d = table_.at(which);
  d.held = true;
  set_reason(d, why);
  d.next_try = now.mono + pause_for(d, why);
  count_failure(d);
  timers_.push({d.next_try, which});
}

void bridge::on_tick(moment now) {
  while (!timers_.empty() && timers_.top().at <= now.mono) {
    const auto which = timers_.top().device;
    timers_.pop();
    if (!table_.contains(which)) continue;
    auto& d = table_.at(which);
    if (d.next_try > now.mono) continue; // the device has a later timer of its own
    if (d.state == device_state::parked) {
      try_again(which, now);
    } else if (d.paused()) {
      d.held = false;
      d.next_try = {};
      pump(which, now);
    }
  }
  tick_gates(now);
  tick_suspects(now);
  tick_successions(now);
  tick_grace(now);
  drop_overdue(now);
  tell_of_letters(now);
}

void bridge::on_clock_set(moment now) {
  table_.for_each([&](device_ref which, device& d) {
    if (d.state != device_state::parked || !has_to_do_with_time(d.reason)) return;
    d.failures = 0;
    d.next_try = now.mono;
    timers_.push({d.next_try, which});
  });
}

std::optional<mono_time> bridge::deadline() const {
  std::optional<mono_time> next;
  const auto consider = [&](mono_time at) { next = next ? std::min(*next, at) : at; };
  if (!timers_.empty()) consider(timers_.top().at);
  if (const auto first = options_.limits.max_age ? oldest() : std::nullopt)
    consider(time_.started() + seconds{first->accepted_s} + *options_.limits.max_age);
  if (!released_.empty()) consider(time_.started());
  if (!suspects_.empty() && asked_.size() < most_asked) consider(next_suspect_);
  if (const auto probe = watch_.deadline(); probe && !held_.empty()) consider(*probe);
  if (drop_episode_) consider(drop_episode_->last + drop_pause);
  return next;
}

} // namespace causeway::core
