// SPDX-License-Identifier: Apache-2.0
#include "dps/fleet.h"

#include "base/log.h"

#include <algorithm>
#include <utility>

namespace causeway::dps {
namespace {

constexpr std::chrono::minutes quota_window{1};
// What a throttled DPS is given when it does not say, and the most that is believed when it does.
constexpr milliseconds usual_pause{5'000}, longest_pause{600'000};
constexpr backoff_policy outage_pauses{milliseconds{1'000}, milliseconds{60'000}, 2.0, 0.25};
// So many 5xx in a row, and nothing else, are an outage, too.
constexpr std::uint32_t most_server_faults = 8;
constexpr std::chrono::hours early_polls_off{1};
// From a registration to its poll, answers and Retry-After included; longer ones are few.
constexpr seconds usual_wait_for_poll{15};
// Ten thousand devices meet the same throttle at once: one line a second says it for all.
constexpr seconds setback_log_interval{1};

budget_options quota(double ceiling) {
  budget_options options;
  options.ceiling = std::max(1.0, ceiling);
  options.window = quota_window;
  options.until_answered = true;
  return options;
}

} // namespace

fleet::fleet(const enrolment& by, std::function<double()> random, model::timeline* timeline, moment now)
    : enrolment_{by},
      random_{std::move(random)},
      timeline_{timeline},
      fingerprint_{by.fingerprint()},
      registrations_{quota(by.registrations_per_minute), now.mono},
      clock_name_{"DPS of azure." + by.section.str()},
      outage_{outage_pauses} {}

bool fleet::is_everybodys(errc code) const {
  return clocks_ != nullptr &&
         (code == errc::clock_skew || code == errc::tls_untrusted || code == errc::local_authentication_off);
}

moment fleet::by_their_clock(moment now) const {
  return clocks_ == nullptr ? now : moment{now.mono, clocks_->time(clock_name_, now)};
}

void fleet::put_back(std::uint64_t number, const error& why, mono_time sent_at, moment now) {
  auto& e = entries_.at(number);
  keep_polls(e, now.mono);
  e.machine.reset();
  e.ready = false;
  e.scheduled = mono_time::max();
  e.since = now.mono;
  queue_.push(e.devices.front(), e.lane, e.urgent);
  // The answer itself has told their time: a token made by it is worth trying at once, but not for ever.
  constexpr seconds corrections_apart{60};
  const bool corrects = why.code() == errc::clock_skew && !unreachable_ &&
                        (!corrected_at_ || *corrected_at_ == now.mono ||
                         now.mono - *corrected_at_ > corrections_apart || sent_at < *corrected_at_);
  if (!corrects) return on_unreachable(why, sent_at, now.mono);
  if (!corrected_at_ || sent_at >= *corrected_at_) corrected_at_ = now.mono;
}

void fleet::try_now() {
  outage_.reset();
  down_until_ = mono_time::min();
}

model::link_progress fleet::progress(device_ref device) const {
  const auto known = by_device_.find(index_of(device));
  if (known == by_device_.end()) return {};
  const auto& e = entries_.at(known->second);
  model::link_progress out;
  out.since = e.since;
  if (e.machine)
    out.waits_for = "DPS's answer";
  else if (!unreachable_)
    out.waits_for = "its turn within the budget of registrations";
  if (unreachable_) {
    out.fault = error{*unreachable_, unreachable_detail_};
    if (under_way_ == 0) out.next_try = down_until_;
  }
  return out;
}

void fleet::find(device_ref device, const identity& wanted, const model::connect_wish& wish, moment now) {
  auto id = enrolment_.registration_of(wanted);
  if (const auto known = by_device_.find(index_of(device)); known != by_device_.end()) {
    if (auto& e = entries_.at(known->second); e.id == id) {
      if (!e.machine) e.model_id = wish.model_id;
      if (wish.urgent) hurry(device);
      return;
    }
    call_off(device);
  }
  // Without a key there is nothing to wait for. (With a group's there is one for every id.)
  if (!enrolment_.group_key) {
    if (auto key = enrolment_.key_of(id); !key) {
      findings_.push_back({device, std::move(key).fault()});
      return;
    }
  }
  const auto [place, fresh] = by_id_.try_emplace(id, numbers_ + 1);
  const auto number = place->second;
  by_device_[index_of(device)] = number;
  if (!fresh) {
    entries_.at(number).devices.push_back(device);
    if (wish.urgent) hurry(device);
    return;
  }
  ++numbers_;
  entry made;
  made.id = std::move(id);
  made.model_id = wish.model_id;
  made.devices = {device};
  made.lane = wish.application;
  made.urgent = wish.urgent;
  made.since = now.mono;
  entries_.emplace(number, std::move(made));
  queue_.push(device, wish.application, wish.urgent);
}

void fleet::call_off(device_ref device) {
  const auto known = by_device_.find(index_of(device));
  if (known == by_device_.end()) return;
  const auto number = known->second;
  auto& e = entries_.at(number);
  by_device_.erase(known);
  std::erase(e.devices, device);
  const bool stood_for_it = queue_.remove(device);
  if (e.devices.empty()) return forget(number);
  if (stood_for_it) queue_.push(e.devices.front(), e.lane, e.urgent);
}

void fleet::hurry(device_ref device) {
  const auto known = by_device_.find(index_of(device));
  if (known == by_device_.end()) return;
  auto& e = entries_.at(known->second);
  e.urgent = true;
  queue_.promote(e.devices.front());
}

void fleet::schedule(std::uint64_t number, entry& e, mono_time at) {
  if (e.scheduled == at) return;
  e.scheduled = at;
  agenda_.push({at, number});
}

void fleet::forget(std::uint64_t number) {
  const auto found = entries_.find(number);
  by_id_.erase(found->second.id);
  for (const auto device : found->second.devices)
    by_device_.erase(index_of(device));
  entries_.erase(found);
}

void fleet::note(const entry& e, model::phase what, mono_time begin, mono_time end,
                 std::optional<errc> fault) {
  if (timeline_ == nullptr) return;
  for (const auto device : e.devices)
    timeline_->note({begin, end - begin, device, 0, what, fault});
}

void fleet::conclude(std::uint64_t number, moment now) {
  const auto& e = entries_.at(number);
  const auto& end = *e.machine->outcome();
  if (end) {
    ++totals_.assigned;
    log::debug("dps_assigned", {{"section", enrolment_.section},
                                {"registration", e.id.str()},
                                {"hub", end->hub},
                                {"identity", end->device},
                                {"substatus", end->substatus}});
  } else {
    ++totals_.refused;
    keep_polls(e, now.mono);
    if (const auto more = refused_log_.admit(end.fault().code(), now.mono))
      log::warning("dps_refused", {{"section", enrolment_.section},
                                   {"registration", e.id.str()},
                                   {"error", end.fault().name()},
                                   {"detail", end.fault().detail()},
                                   {"more", *more}});
  }
  for (const auto device : e.devices) {
    if (end)
      findings_.push_back(
          {device, model::assignment{end->hub, end->device, enrolment_.section, now.wall, fingerprint_}});
    else
      findings_.push_back({device, end.fault()});
  }
  forget(number);
}

void fleet::advance(moment now) {
  while (!agenda_.empty() && agenda_.top().at <= now.mono) {
    const auto [at, number] = agenda_.top();
    agenda_.pop();
    const auto found = entries_.find(number);
    if (found == entries_.end() || found->second.scheduled != at) continue;
    auto& e = found->second;
    e.scheduled = mono_time::max();
    if (e.machine->deadline() <= now.mono) {
      static_cast<void>(e.machine->next_request(now)); // gives up
      conclude(number, now);
      continue;
    }
    e.ready = true;
    const bool poll = e.machine->next_kind() == request_kind::poll;
    (poll ? polls_ready_ : repeats_ready_).push_back(number);
    schedule(number, e, e.machine->deadline());
  }
}

void fleet::drop_stale(std::deque<std::uint64_t>& ready) {
  while (!ready.empty()) {
    const auto found = entries_.find(ready.front());
    if (found != entries_.end() && found->second.ready) return;
    ready.pop_front();
  }
}

std::optional<fleet::errand> fleet::send(std::uint64_t number, bool metered, moment now) {
  auto& e = entries_.at(number);
  const bool first = !e.machine;
  if (first) {
    auto key = enrolment_.key_of(e.id);
    CAUSEWAY_CHECK(key); // find() has looked
    e.machine.emplace(enrolment_.id_scope, e.id, std::move(*key), e.model_id, enrolment_.first_poll);
    if (const auto before = polls_before_.find(e.id); before != polls_before_.end())
      e.machine->count_polls(before->second);
  }
  e.ready = false;
  const bool early = e.machine->next_is_early();
  const auto made_by = by_their_clock(now);
  auto request = e.machine->next_request(made_by);
  CAUSEWAY_CHECK(request); // it is due, and advance() has ended what is over time
  note(e, first ? model::phase::dps_queue : model::phase::dps_wait, e.since, now.mono, std::nullopt);
  e.since = now.mono;
  schedule(number, e, e.machine->due());
  ++under_way_;
  ++totals_.requests;
  ++(request->kind == request_kind::poll ? totals_.polls : totals_.registrations);
  const auto kind = request->kind;
  if (early) ++totals_.early_polls;
  if (early) early_in_vain_.push_back(now.mono); // until it has brought a hub
  if (enrolment_.first_poll && kind == request_kind::register_device)
    recent_registrations_.push_back(now.mono);
  return errand{number, kind, std::move(*request), now.mono, metered, early, made_by.wall - now.wall};
}

void fleet::keep_polls(const entry& e, mono_time now) {
  while (!polls_kept_.empty() && polls_kept_.front().first + polls_span <= now) {
    const auto known = polls_before_.find(polls_kept_.front().second);
    // A later registration of the same id may have put its own there.
    if (known != polls_before_.end() && known->second.back() + polls_span <= now) polls_before_.erase(known);
    polls_kept_.pop_front();
  }
  if (e.machine->recent_polls().empty()) return;
  polls_before_.insert_or_assign(e.id, e.machine->recent_polls());
  polls_kept_.emplace_back(now, e.id);
}

void fleet::forget_old(mono_time now) {
  while (!early_in_vain_.empty() && early_in_vain_.front() + quota_window <= now)
    early_in_vain_.pop_front();
  while (!recent_registrations_.empty() &&
         recent_registrations_.front() + quota_window + usual_wait_for_poll <= now)
    recent_registrations_.pop_front();
}

double fleet::polls_a_minute() const {
  return polls_ ? polls_->limit() : enrolment_.operations_per_second * 60;
}

bool fleet::has_early_turn(mono_time now) {
  if (no_early_until_ > now || polls_held_until_ > now || unreachable_) return false;
  forget_old(now);
  const auto to_come = std::min(static_cast<double>(queue_.size()), registrations_.limit());
  const auto taken = static_cast<double>(recent_registrations_.size() + early_in_vain_.size() + 1);
  return taken + to_come <= polls_a_minute();
}

// When the next registration may begin for the sake of the polls.
mono_time fleet::next_first_turn(mono_time now) const {
  if (early_in_vain_.empty()) return now;
  const auto old = [&](mono_time at) { return at + quota_window <= now; };
  const auto count = [&](const std::deque<mono_time>& of) {
    return static_cast<double>(of.end() - std::find_if_not(of.begin(), of.end(), old));
  };
  if (count(early_in_vain_) == 0 ||
      count(early_in_vain_) + count(recent_registrations_) + 1 <= polls_a_minute())
    return now;
  auto next = mono_time::max();
  for (const auto* of : {&early_in_vain_, &recent_registrations_})
    if (const auto first = std::find_if_not(of->begin(), of->end(), old); first != of->end())
      next = std::min(next, *first + quota_window);
  return next;
}

void fleet::on_early_poll_refused(mono_time now) {
  const bool told = no_early_until_ > now;
  no_early_until_ = now + early_polls_off;
  if (!told)
    log::warning("dps_early_polls_off", {{"section", enrolment_.section},
                                         {"first_poll_ms", enrolment_.first_poll->count()},
                                         {"for_s", seconds{early_polls_off}.count()}});
}

std::optional<fleet::errand> fleet::next_poll(moment now) {
  while (true) {
    drop_stale(polls_ready_);
    if (polls_ready_.empty() || polls_held_until_ > now.mono) return std::nullopt;
    const auto number = polls_ready_.front();
    auto& e = entries_.at(number);
    if (e.machine->next_is_early() && !has_early_turn(now.mono)) {
      polls_ready_.pop_front();
      e.ready = false;
      e.machine->decline_early_poll();
      schedule(number, e, e.machine->due());
      continue;
    }
    if (polls_ && !polls_->take(now.mono)) return std::nullopt;
    polls_ready_.pop_front();
    return send(number, polls_.has_value(), now);
  }
}

std::optional<fleet::errand> fleet::next_repeat(moment now) {
  drop_stale(repeats_ready_);
  if (repeats_ready_.empty() || !registrations_.take(now.mono)) return std::nullopt;
  const auto number = repeats_ready_.front();
  repeats_ready_.pop_front();
  return send(number, true, now);
}

std::optional<fleet::errand> fleet::next_first(moment now) {
  if (queue_.empty() || next_first_turn(now.mono) > now.mono || !registrations_.take(now.mono))
    return std::nullopt;
  return send(by_device_.at(index_of(*queue_.pop())), true, now);
}

std::optional<fleet::errand> fleet::next_errand(moment now) {
  advance(now);
  if (unreachable_ && (under_way_ > 0 || down_until_ > now.mono)) return std::nullopt;
  if (auto poll = next_poll(now)) return poll;
  if (auto repeat = next_repeat(now)) return repeat;
  return next_first(now);
}

mono_time fleet::deadline(mono_time now, bool can_send) const {
  auto when = agenda_.empty() ? mono_time::max() : agenda_.top().at;
  if (!can_send || (unreachable_ && under_way_ > 0)) return when;
  const auto least = unreachable_ ? down_until_ : mono_time::min();
  if (!polls_ready_.empty()) {
    const auto turn = std::max(polls_held_until_, polls_ ? polls_->next(now) : now);
    when = std::min(when, std::max(least, turn));
  }
  if (!repeats_ready_.empty()) when = std::min(when, std::max(least, registrations_.next(now)));
  if (!queue_.empty())
    when = std::min(when, std::max({least, registrations_.next(now), next_first_turn(now)}));
  return when;
}

void fleet::on_unreachable(const error& why, mono_time sent_at, mono_time now) {
  if (unreachable_ && sent_at < down_since_) return; // went out before it was known
  const auto pause = outage_.next(random_());
  unreachable_ = why.code();
  unreachable_detail_ = why.detail();
  down_since_ = now;
  down_until_ = now + pause;
  log::warning("dps_unreachable", {{"section", enrolment_.section},
                                   {"error", why.name()},
                                   {"detail", why.detail()},
                                   {"waiting", entries_.size()},
                                   {"pause_ms", pause.count()}});
}

void fleet::on_reached() {
  server_faults_ = 0;
  if (!unreachable_) return;
  unreachable_.reset();
  outage_.reset();
  down_until_ = mono_time::min();
  log::info("dps_reached", {{"section", enrolment_.section}, {"waiting", entries_.size()}});
}

void fleet::account(const errand& what, int status, const header_list& headers, moment now) {
  const bool poll = what.kind == request_kind::poll;
  if (status != 429) {
    if (what.metered) (poll ? *polls_ : registrations_).answered(now.mono);
    if (!poll || polls_) return;
    recent_polls_.push_back(now.mono);
    while (recent_polls_.front() + quota_window <= now.mono)
      recent_polls_.pop_front();
    return;
  }
  ++totals_.throttled;
  if (what.early) on_early_poll_refused(now.mono);
  const auto asked = retry_after_of(headers);
  const auto pause = asked ? std::clamp<milliseconds>(*asked, shortest_wait, longest_pause) : usual_pause;
  if (!poll) return registrations_.refused(what.sent_at, pause, now.mono);
  polls_held_until_ = std::max(polls_held_until_, now.mono + pause);
  if (what.metered) return polls_->refused(what.sent_at, pause, now.mono);
  if (!polls_) limit_polls(what.sent_at, pause, now.mono); // else it went out before polls had a quota
}

// Begins with what DPS has taken within the last minute, so that the limit is learnt from it. No pace within
// the minute: registrations that wait for their poll grow old.
void fleet::limit_polls(mono_time sent_at, milliseconds pause, mono_time now) {
  auto options = quota(std::max(enrolment_.operations_per_second * 60, 2.0));
  options.burst = options.ceiling;
  polls_.emplace(options, sent_at);
  const auto most = static_cast<std::size_t>(options.ceiling) - 1;
  if (recent_polls_.size() > most)
    recent_polls_.erase(recent_polls_.begin(), recent_polls_.end() - static_cast<std::ptrdiff_t>(most));
  for (std::size_t i = 0; i <= recent_polls_.size(); ++i)
    if (!polls_->take(sent_at)) break;
  for (const auto at : std::exchange(recent_polls_, {}))
    polls_->answered(at);
  polls_->refused(sent_at, pause, now);
}

void fleet::log_setback(const entry& e, const error& why, mono_time now) {
  if (setback_logged_ != mono_time::min() && now - setback_logged_ < setback_log_interval) {
    ++setbacks_unlogged_;
    return;
  }
  log::warning("dps_setback", {{"section", enrolment_.section},
                               {"registration", e.id.str()},
                               {"error", why.name()},
                               {"detail", why.detail()},
                               {"more", std::exchange(setbacks_unlogged_, 0)}});
  setback_logged_ = now;
}

void fleet::on_answer(const errand& what, int status, const header_list& headers, std::string_view body,
                      moment now) {
  --under_way_;
  account(what, status, headers, now);
  const bool is_well = status < 500;
  if (!is_well && ++server_faults_ >= most_server_faults)
    on_unreachable(error{errc::dps_busy, "HTTP " + std::to_string(status)}, what.sent_at, now.mono);

  const auto found = entries_.find(what.registration);
  // Judged by the clock that the token was made by.
  const moment as_made{now.mono, now.wall + what.lead};
  if (clocks_ != nullptr) clocks_->on_answer(clock_name_, service_clocks::owner::azure, headers, now);
  if (found == entries_.end() || !found->second.machine) { // called off, or over time
    if (is_well) on_reached();
    return;
  }
  auto& e = found->second;
  const auto setback = e.machine->on_response(status, headers, body, as_made, random_());
  const auto& end = e.machine->outcome();
  const bool everybodys = end && !*end && is_everybodys(end->fault().code());
  if (is_well && !everybodys) on_reached();
  const auto fault = setback        ? std::optional{setback->code()}
                     : end && !*end ? std::optional{end->fault().code()}
                                    : std::nullopt;
  const bool poll = what.kind == request_kind::poll;
  note(e, poll ? model::phase::dps_poll : model::phase::dps_register, e.since, now.mono, fault);
  e.since = now.mono;
  if (setback) log_setback(e, *setback, now.mono);
  if (what.early && end && *end) {
    const auto sent = std::find(early_in_vain_.begin(), early_in_vain_.end(), what.sent_at);
    if (sent != early_in_vain_.end()) early_in_vain_.erase(sent);
  }
  if (everybodys) {
    const auto why = end->fault();
    return put_back(what.registration, why, what.sent_at, now);
  }
  if (end) return conclude(what.registration, now);
  schedule(what.registration, e, e.machine->due());
}

void fleet::on_fault(const errand& what, error fault, moment now) {
  --under_way_;
  // It may have reached DPS and count there.
  if (what.metered) (what.kind == request_kind::poll ? *polls_ : registrations_).answered(now.mono);
  on_unreachable(fault, what.sent_at, now.mono);
  const auto found = entries_.find(what.registration);
  if (found == entries_.end() || !found->second.machine) return;
  auto& e = found->second;
  const bool poll = what.kind == request_kind::poll;
  note(e, poll ? model::phase::dps_poll : model::phase::dps_register, e.since, now.mono, fault.code());
  e.since = now.mono;
  if (is_everybodys(fault.code())) return put_back(what.registration, fault, what.sent_at, now);
  static_cast<void>(e.machine->on_transport_error(std::move(fault), now, random_()));
  if (e.machine->outcome()) return conclude(what.registration, now);
  schedule(what.registration, e, e.machine->due());
}

model::dps_totals fleet::totals(mono_time now) const {
  auto out = totals_;
  out.in_progress = by_device_.size();
  out.waiting = queue_.size();
  out.limit = registrations_.limit();
  out.ceiling = registrations_.ceiling();
  const auto held_until =
      std::max(registrations_.held_until(), unreachable_ ? down_until_ : mono_time::min());
  if (held_until > now) out.held_for = std::chrono::ceil<milliseconds>(held_until - now);
  if (no_early_until_ > now) out.no_early_polls_for = std::chrono::ceil<milliseconds>(no_early_until_ - now);
  out.unreachable = unreachable_;
  return out;
}

} // namespace causeway::dps
