// SPDX-License-Identifier: Apache-2.0
#include "dps/fleet.h"

#include "base/check.h"
#include "base/log.h"

#include <algorithm>

namespace causeway::dps {
namespace {

// What a throttled DPS is given when it does not say, and the most that is believed when it does.
constexpr milliseconds usual_pause{5'000}, longest_pause{600'000};

model::phase phase_of(request_kind kind) {
  return kind == request_kind::poll ? model::phase::dps_poll : model::phase::dps_register;
}

} // namespace

fleet::fleet(const enrolment& by, std::function<double()> random, model::timeline* timeline, moment now)
    : enrolment_{by},
      random_{std::move(random)},
      timeline_{timeline},
      fingerprint_{by.fingerprint()},
      clock_{"DPS of azure." + by.section.str()},
      agenda_{table_},
      turns_{static_cast<double>(by.registrations_per_minute), now.mono},
      polls_{by.operations_per_second * 60},
      outage_{random_} {}

model::link_progress fleet::progress(device_ref device) const {
  const auto* const which = table_.find(device);
  if (which == nullptr) return {};
  model::link_progress out;
  out.since = which->since;
  if (which->machine)
    out.waits_for = "DPS's answer";
  else if (!outage_.trouble())
    out.waits_for = "its turn within the budget of registrations";
  if (outage_.trouble()) {
    out.fault = outage_.trouble();
    if (const auto next = outage_.next(); next != mono_time::max()) out.next_try = next;
  }
  return out;
}

void fleet::find(device_ref device, const identity& wanted, const model::connect_wish& wish, moment now) {
  const auto id = enrolment_.registration_of(wanted);
  if (auto* const which = table_.find(device); which != nullptr) {
    if (which->id == id) {
      if (!which->machine) which->model_id = wish.model_id;
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
  auto& which = table_.join(device, id);
  if (which.devices.size() > 1) {
    if (wish.urgent) hurry(device);
    return;
  }
  which.model_id = wish.model_id;
  which.lane = wish.application;
  which.urgent = wish.urgent;
  which.since = now.mono;
  turns_.push(device, wish.application, wish.urgent);
}

void fleet::call_off(device_ref device) {
  const auto* const left = table_.leave(device);
  if (left == nullptr) return;
  const bool stood_for_it = turns_.remove(device);
  if (left->devices.empty()) return table_.forget(*left);
  if (stood_for_it) turns_.push(left->devices.front(), left->lane, left->urgent);
}

void fleet::hurry(device_ref device) {
  auto* const which = table_.find(device);
  if (which == nullptr) return;
  which->urgent = true;
  turns_.promote(which->devices.front());
}

void fleet::end_phase(candidate& which, model::phase what, mono_time now, std::optional<errc> fault) {
  const auto begin = std::exchange(which.since, now);
  if (timeline_ == nullptr) return;
  for (const auto device : which.devices)
    timeline_->note({begin, now - begin, device, 0, what, fault});
}

void fleet::conclude(const candidate& which, moment now) {
  const auto& end = *which.machine->outcome();
  if (end) {
    ++totals_.assigned;
    log::debug("dps_assigned", {{"section", enrolment_.section},
                                {"registration", which.id.str()},
                                {"hub", end->hub},
                                {"identity", end->device},
                                {"substatus", end->substatus}});
  } else {
    ++totals_.refused;
    past_polls_.keep(which.id, which.machine->recent_polls(), now.mono);
    if (const auto more = refused_log_.admit(end.fault().code(), now.mono))
      log::warning("dps_refused", {{"section", enrolment_.section},
                                   {"registration", which.id.str()},
                                   {"error", end.fault().name()},
                                   {"detail", end.fault().detail()},
                                   {"more", *more}});
  }
  for (const auto device : which.devices) {
    if (end)
      findings_.push_back(
          {device, model::assignment{end->hub, end->device, enrolment_.section, now.wall, fingerprint_}});
    else
      findings_.push_back({device, end.fault()});
  }
  table_.forget(which);
}

void fleet::put_back(candidate& which, const error& why, mono_time sent_at, moment now) {
  past_polls_.keep(which.id, which.machine->recent_polls(), now.mono);
  which.machine.reset();
  which.since = now.mono;
  agenda_.strike(which);
  turns_.push(which.devices.front(), which.lane, which.urgent);
  const bool goes_on =
      why.code() == errc::clock_skew && !outage_.trouble() && clock_.corrects(sent_at, now.mono);
  if (!goes_on) on_trouble(why, sent_at, now.mono);
}

void fleet::advance(moment now) {
  while (auto* const which = agenda_.take_due(now.mono)) {
    if (which->machine->deadline() <= now.mono) {
      static_cast<void>(which->machine->next_request(now)); // gives up
      conclude(*which, now);
      continue;
    }
    agenda_.make_ready(*which, which->machine->next_kind());
    agenda_.schedule(*which, which->machine->deadline());
  }
}

fleet::errand fleet::send(candidate& which, bool metered, moment now) {
  const bool first = !which.machine;
  if (first) {
    auto key = enrolment_.key_of(which.id);
    CAUSEWAY_CHECK(key); // find() has looked
    which.machine.emplace(enrolment_.id_scope, which.id, std::move(*key), which.model_id,
                          enrolment_.first_poll);
    which.machine->count_polls(past_polls_.of(which.id));
  }
  const bool early = which.machine->next_is_early();
  const auto made_by = clock_.by_theirs(now);
  auto request = which.machine->next_request(made_by);
  CAUSEWAY_CHECK(request); // it is due, and advance() has ended what is over time
  end_phase(which, first ? model::phase::dps_queue : model::phase::dps_wait, now.mono, std::nullopt);
  agenda_.schedule(which, which.machine->due());
  outage_.on_sent();
  ++totals_.requests;
  const auto kind = request->kind;
  ++(kind == request_kind::poll ? totals_.polls : totals_.registrations);
  if (early) {
    ++totals_.early_polls;
    early_.on_sent(now.mono);
  }
  if (enrolment_.first_poll && kind == request_kind::register_device) early_.on_registration(now.mono);
  return {which.number, kind, std::move(*request), now.mono, metered, early, made_by.wall - now.wall};
}

std::optional<fleet::errand> fleet::next_poll(moment now) {
  while (auto* const which = agenda_.first_ready(request_kind::poll)) {
    if (polls_.is_held(now.mono)) return std::nullopt;
    if (which->machine->next_is_early() &&
        (outage_.trouble() || !early_.has_turn(polls_.a_minute(), turns_.to_come(), now.mono))) {
      agenda_.take_ready(request_kind::poll);
      which->machine->decline_early_poll();
      agenda_.schedule(*which, which->machine->due());
      continue;
    }
    if (!polls_.take(now.mono)) return std::nullopt;
    agenda_.take_ready(request_kind::poll);
    return send(*which, polls_.is_metered(), now);
  }
  return std::nullopt;
}

std::optional<fleet::errand> fleet::next_repeat(moment now) {
  auto* const which = agenda_.first_ready(request_kind::register_device);
  if (which == nullptr || !turns_.take_repeat(now.mono)) return std::nullopt;
  agenda_.take_ready(request_kind::register_device);
  return send(*which, true, now);
}

std::optional<fleet::errand> fleet::next_first(moment now) {
  if (turns_.waiting() == 0) return std::nullopt;
  const auto next = turns_.take_first(early_.next_registration(polls_.a_minute(), now.mono), now.mono);
  if (!next) return std::nullopt;
  return send(*table_.find(*next), true, now);
}

std::optional<fleet::errand> fleet::next_errand(moment now) {
  advance(now);
  if (outage_.next() > now.mono) return std::nullopt;
  if (auto poll = next_poll(now)) return poll;
  if (auto repeat = next_repeat(now)) return repeat;
  return next_first(now);
}

mono_time fleet::deadline(mono_time now, bool can_send) const {
  auto when = agenda_.next();
  if (!can_send) return when;
  const auto least = outage_.next();
  if (agenda_.may_have_ready(request_kind::poll)) when = std::min(when, std::max(least, polls_.next(now)));
  if (agenda_.may_have_ready(request_kind::register_device))
    when = std::min(when, std::max(least, turns_.next_repeat(now)));
  if (turns_.waiting() > 0) {
    const auto for_polls = early_.next_registration(polls_.a_minute(), now);
    when = std::min(when, std::max(least, turns_.next_first(for_polls, now)));
  }
  return when;
}

void fleet::on_trouble(const error& why, mono_time sent_at, mono_time now) {
  if (const auto pause = outage_.on_trouble(why, sent_at, now))
    log::warning("dps_unreachable", {{"section", enrolment_.section},
                                     {"error", why.name()},
                                     {"detail", why.detail()},
                                     {"waiting", table_.size()},
                                     {"pause_ms", pause->count()}});
}

void fleet::on_reached() {
  if (outage_.on_reached())
    log::info("dps_reached", {{"section", enrolment_.section}, {"waiting", table_.size()}});
}

void fleet::on_early_poll_refused(mono_time now) {
  if (early_.on_refused(now))
    log::warning("dps_early_polls_off", {{"section", enrolment_.section},
                                         {"first_poll_ms", enrolment_.first_poll->count()},
                                         {"for_s", seconds{early_polls::off_for}.count()}});
}

void fleet::account(const errand& what, int status, const header_list& headers, mono_time now) {
  const bool poll = what.kind == request_kind::poll;
  if (status != 429) return poll ? polls_.on_answer(what.metered, now) : turns_.on_answer(now);
  ++totals_.throttled;
  if (what.early) on_early_poll_refused(now);
  const auto asked = retry_after_of(headers);
  const auto pause = asked ? std::clamp<milliseconds>(*asked, shortest_wait, longest_pause) : usual_pause;
  if (poll)
    polls_.on_throttled(what.metered, what.sent_at, pause, now);
  else
    turns_.on_throttled(what.sent_at, pause, now);
}

// Ten thousand devices meet the same throttle at once: one line a second says it for all, whatever the error.
void fleet::log_setback(const candidate& which, const error& why, mono_time now) {
  if (const auto more = setback_log_.admit(errc::dps_busy, now))
    log::warning("dps_setback", {{"section", enrolment_.section},
                                 {"registration", which.id.str()},
                                 {"error", why.name()},
                                 {"detail", why.detail()},
                                 {"more", *more}});
}

void fleet::on_answer(const errand& what, int status, const header_list& headers, std::string_view body,
                      moment now) {
  outage_.on_ended();
  account(what, status, headers, now.mono);
  const bool is_well = status < 500;
  if (!is_well && outage_.on_server_fault())
    on_trouble(error{errc::dps_busy, "HTTP " + std::to_string(status)}, what.sent_at, now.mono);
  clock_.on_answer(headers, now);
  auto* const which = table_.find(what.registration);
  if (which == nullptr || !which->machine) { // called off, or over time
    if (is_well) on_reached();
    return;
  }
  // Judged by the clock that the token was made by.
  const moment as_made{now.mono, now.wall + what.lead};
  const auto setback = which->machine->on_response(status, headers, body, as_made, random_());
  const auto& end = which->machine->outcome();
  const bool everybodys = end && !*end && clock_.is_everybodys(end->fault().code());
  if (is_well && !everybodys) on_reached();
  const auto fault = setback        ? std::optional{setback->code()}
                     : end && !*end ? std::optional{end->fault().code()}
                                    : std::nullopt;
  end_phase(*which, phase_of(what.kind), now.mono, fault);
  if (setback) log_setback(*which, *setback, now.mono);
  if (what.early && end && *end) early_.on_hub(what.sent_at);
  if (everybodys) {
    const auto why = end->fault();
    return put_back(*which, why, what.sent_at, now);
  }
  if (end) return conclude(*which, now);
  agenda_.schedule(*which, which->machine->due());
}

void fleet::on_fault(const errand& what, error fault, moment now) {
  outage_.on_ended();
  // It may have reached DPS and count there.
  what.kind == request_kind::poll ? polls_.on_no_answer(what.metered, now.mono) : turns_.on_answer(now.mono);
  on_trouble(fault, what.sent_at, now.mono);
  auto* const which = table_.find(what.registration);
  if (which == nullptr || !which->machine) return;
  end_phase(*which, phase_of(what.kind), now.mono, fault.code());
  if (clock_.is_everybodys(fault.code())) return put_back(*which, fault, what.sent_at, now);
  static_cast<void>(which->machine->on_transport_error(std::move(fault), now, random_()));
  if (which->machine->outcome()) return conclude(*which, now);
  agenda_.schedule(*which, which->machine->due());
}

model::dps_totals fleet::totals(mono_time now) const {
  auto out = totals_;
  out.in_progress = table_.devices();
  out.waiting = turns_.waiting();
  out.limit = turns_.quota().limit();
  out.ceiling = turns_.quota().ceiling();
  const auto held_until = std::max(turns_.quota().held_until(), outage_.held_until());
  if (held_until > now) out.held_for = std::chrono::ceil<milliseconds>(held_until - now);
  if (early_.off_until() > now)
    out.no_early_polls_for = std::chrono::ceil<milliseconds>(early_.off_until() - now);
  if (outage_.trouble()) out.unreachable = outage_.trouble()->code();
  return out;
}

} // namespace causeway::dps
