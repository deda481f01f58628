// SPDX-License-Identifier: Apache-2.0
// From an event to a row in the spool. What happens after that is in bridge_delivery.cpp.
#include "core/bridge.h"

#include "base/check.h"
#include "base/log.h"
#include "model/event_key.h"

#include <algorithm>
#include <limits>

namespace causeway::core {

namespace {

std::optional<kept_key> kept_key_of(const model::event& event) {
  if (!event.key) return std::nullopt;
  return kept_key{letter_of(event.kind), short_hash(*event.key)};
}

} // namespace

bridge::bridge(std::vector<application_rules> rules, bridge_ports ports, bridge_options options, moment now)
    : rules_{std::move(rules)},
      ports_{ports},
      options_{std::move(options)},
      started_{now.mono},
      room_{options_.limits, rules_.size()},
      cache_{options_.body_cache_bytes},
      watch_{options_.refusals} {
  CAUSEWAY_CHECK(options_.random != nullptr);
  origins_.resize(rules_.size());
  has_list_.resize(rules_.size());
  told_portless_.resize(rules_.size());
  share_refusals_.resize(rules_.size());
  drops_.resize(rules_.size());
  letters_told_.resize(rules_.size());
  online_.resize(rules_.size());
  device_counts_.resize(rules_.size());
  device_share_refusals_.resize(rules_.size());
  for (std::uint32_t i = 0; i < rules_.size(); ++i)
    rule_index_.emplace(rules_[i].id, i);
}

std::optional<std::uint32_t> bridge::rules_of(const application_id& id) const {
  const auto found = rule_index_.find(id);
  if (found == rule_index_.end()) return std::nullopt;
  return found->second;
}

void bridge::answer_now(ticket which, answer what) {
  ++totals_.answered[static_cast<std::size_t>(what)];
  ports_.answers.on_answer(which, what);
}

// The event, and the copies that have come since: they fail with it, but where it is not sent they may be,
// for a mask or a transform can make of one copy what it does not make of another.
void bridge::conclude(ticket which, device_ref device, std::optional<kept_key> key, answer what, moment now) {
  std::vector<copy> copies;
  if (key)
    if (auto node = pending_keys_.extract({device, key->hash}); !node.empty())
      copies = std::move(node.mapped());
  pending_copies_ -= copies.size();
  answer_now(which, what);
  for (auto& one : copies) {
    if (what == answer::stored)
      answer_now(one.which, answer::duplicate);
    else if (is_for_now(what))
      answer_now(one.which, what);
    else
      again_.push_back(std::move(one));
  }
  judge_again(now);
}

// One after the other, not each from inside the one before.
void bridge::judge_again(moment now) {
  if (judging_) return;
  judging_ = true;
  while (!again_.empty()) {
    auto one = std::move(again_.front());
    again_.pop_front();
    judge(std::move(one), now);
  }
  judging_ = false;
}

bool bridge::is_duplicate(const device& d, const model::event& event, const kept_key& key) const {
  if (d.keys.contains(key.kind, key.hash)) return true;
  // Joins have kept their key over the change, uplinks have not.
  return d.keys.has_former() &&
         (d.keys.contains(kept_key::former, key.hash) ||
          (event.kind == event_kind::uplink && d.keys.contains(kept_key::former, former_hash(event))));
}

void bridge::judge(copy one, moment now) {
  if (const auto key = kept_key_of(one.event)) {
    if (is_duplicate(table_.at(one.device), one.event, *key)) return answer_now(one.which, answer::duplicate);
    const auto [first, fresh] = pending_keys_.try_emplace({one.device, key->hash});
    if (!fresh) {
      first->second.push_back(std::move(one));
      ++pending_copies_;
      return;
    }
  }
  const auto which = one.which;
  const auto [entry, fresh] = formatting_.emplace(which, in_progress{one.device, std::move(one.event)});
  CAUSEWAY_CHECK(fresh);
  ports_.formatter.format(which, entry->second.event, now);
}

void bridge::note_frame(device& d, const model::event& event, moment now) {
  d.last_seen = now.wall;
  const auto* frame = uplink_of(event);
  if (event.kind != event_kind::uplink || event.simulated.value_or(false) || frame == nullptr ||
      !frame->f_cnt)
    return;
  const auto f_cnt = *frame->f_cnt;
  constexpr std::uint16_t no_session = 1;
  const auto named = [](std::uint16_t hash) {
    return hash == 0xffff ? hash : static_cast<std::uint16_t>(hash + no_session);
  };
  const auto session = frame->session ? named(*frame->session) : std::max(d.session, no_session);
  if (session != d.session) { // a join: its counter says nothing of the one before
    d.session = session;
    d.last_f_cnt = f_cnt;
    return;
  }
  // An ABP device's counter may start again in its only session: neither late nor a gap of four billion
  // frames. A 0 behind the 1 is rather the frame that came before it.
  constexpr std::uint32_t plausible_gap = 16384;
  const bool may_restart = session == no_session || !frame->session;
  if (f_cnt > d.last_f_cnt) {
    const std::uint32_t skipped = f_cnt - d.last_f_cnt - 1;
    if (skipped < plausible_gap) {
      d.gaps += skipped;
      totals_.frames_missing += skipped;
    }
    d.last_f_cnt = f_cnt;
  } else if (f_cnt != d.last_f_cnt && d.last_f_cnt - f_cnt < plausible_gap &&
             (f_cnt != 0 || !may_restart || d.last_f_cnt == 1)) {
    if (d.late < std::numeric_limits<decltype(d.late)>::max()) ++d.late;
    ++totals_.frames_late;
  } else {
    d.last_f_cnt = f_cnt;
  }
}

void bridge::note_portless(const model::event& event, std::uint32_t application) {
  ++totals_.portless;
  if (told_portless_[application]) return;
  told_portless_[application] = true;
  log::info("uplink_without_port", {{"application", event.from.application},
                                    {"device", event.from.device},
                                    {"detail", "sent without fPort; the webhook's field mask has no "
                                               "up.uplink_message.f_port"}});
}

device_ref bridge::add(const device_key& key, std::uint32_t application, device_state state, moment now) {
  const auto ref = table_.add(application, key.device.str());
  auto& d = table_.at(ref);
  d.state = state;
  d.since = now.mono;
  ++totals_.devices[static_cast<std::size_t>(state)];
  ++device_counts_[application];
  return ref;
}

// What is too small for one more device of the application; nothing when there is room.
std::optional<answer> bridge::lacks_place(std::uint32_t application) const {
  if (table_.size() >= options_.max_devices) return answer::devices_full;
  if (rules_.size() < 2) return std::nullopt;
  const auto share = std::max<std::uint64_t>(1, std::uint64_t{options_.max_devices} *
                                                    options_.limits.application_share / 100);
  if (device_counts_[application] >= share) return answer::device_share_full;
  return std::nullopt;
}

void bridge::set_eui(device& d, std::uint64_t eui) {
  // The identity stays what the hub knows it by, although the template may now give another.
  const auto kept = d.assigned ? identity_of(d) : identity{};
  d.eui = eui;
  d.has_eui = true;
  if (d.assigned) set_identity(d, kept);
}

// Precondition: it is known, or there is a place for it.
device_ref bridge::seen(const model::event& event, std::uint32_t application, moment now) {
  auto ref = table_.find(application, event.from.device.str());
  const auto eui = parse_eui(event.dev_eui);
  if (!ref) {
    ref = add(event.from, application,
              rules_[application].follows_registry ? device_state::unlisted : device_state::known, now);
    auto& made = table_.at(*ref);
    if (eui && !(names_by_eui(made) && rules_of(made).follows_registry)) set_eui(made, *eui);
    ports_.devices.save_device(record_of(*ref, table_.at(*ref)));
  }
  auto& d = table_.at(*ref);
  // Where the identity is made of it, the registry alone says it, or the first body that brought one.
  const bool is_fixed = names_by_eui(d) && (d.has_eui || rules_of(d).follows_registry);
  if (eui && !is_fixed && (!d.has_eui || *eui != d.eui)) {
    take_eui(*ref, *eui, now);
    ports_.devices.save_device(record_of(*ref, d));
    if (d.state == device_state::parked && d.reason == errc::identity_incomplete) {
      d.failures = 0;
      try_again(*ref, now);
    }
  }
  note_frame(d, event, now);
  return *ref;
}

void bridge::on_event(ticket which, model::event event, moment now) {
  ++totals_.received[static_cast<std::size_t>(event.kind)];
  const auto application = rules_of(event.from.application);
  if (!application || !rules_[*application].events.test(static_cast<std::size_t>(event.kind)))
    return answer_now(which, answer::unwanted);
  // Without the registry nothing but the application's own word says whether its devices are wanted.
  if (const auto& rules = rules_[*application]; !rules.follows_registry && !rules.enabled_by_default)
    return answer_now(which, answer::unwanted);
  const auto known = table_.find(*application, event.from.device.str());
  if (is_control_frame(event)) {
    if (known) note_frame(table_.at(*known), event, now);
    return answer_now(which, answer::control);
  }
  if (known && table_.at(*known).state == device_state::off) {
    auto& d = table_.at(*known);
    note_frame(d, event, now);
    log_switched_off(d);
    return answer_now(which, answer::unwanted);
  }
  if (formatting_.size() + appending_.size() + pending_copies_ >= options_.max_in_progress)
    return answer_now(which, answer::full);
  if (const auto full = known ? std::nullopt : lacks_place(*application)) {
    ++device_share_refusals_[*application];
    return answer_now(which, *full);
  }
  const auto ref = seen(event, *application, now);
  if (const auto* frame = uplink_of(event); frame != nullptr && frame->f_port == 0)
    note_portless(event, *application);
  judge({which, ref, std::move(event)}, now);
}

void bridge::on_formatted(ticket which, result<std::vector<message>> messages, moment now) {
  const auto node = formatting_.extract(which);
  CAUSEWAY_CHECK(!node.empty());
  auto& [ref, event, letter] = node.mapped();
  const auto key = kept_key_of(event);
  if (messages) {
    for (const auto& m : *messages)
      if (size_of(m) > max_message_bytes)
        messages = error{errc::message_too_large,
                         std::to_string(size_of(m)) + " bytes from " + event.from.device.str()};
  }
  if (!messages && messages.fault().cls() == error_class::transient)
    return conclude(which, ref, key, answer::transform_busy, now);
  if (!messages) {
    if (const auto more = letter_log_.admit(messages.fault().code(), now.mono))
      log::warning("message_dead_lettered", {{"application", event.from.application},
                                             {"device", event.from.device},
                                             {"error", messages.fault().name()},
                                             {"detail", messages.fault().detail()},
                                             {"more", *more}});
    if (letter) return conclude(which, ref, key, answer::dead_lettered, now);
    // A dead letter lies in the spool like any message: without room for it the sender is to keep the event.
    if (const auto full = make_room(table_.at(ref).application, {1, event.raw.size()}, now))
      return conclude(which, ref, key, *full, now);
    refused_event refused{std::move(event.from), std::move(event.raw), messages.fault()};
    return append(which, {next_seq_++, ref, key, {}, std::move(refused)}, {}, now);
  }
  if (messages->empty() || table_.at(ref).state == device_state::off)
    return conclude(which, ref, key, answer::unwanted, now);
  const amount leaves = letter ? amount{1, event.raw.size()} : amount{};
  store(which, {0, ref, key, {}, {}, letter}, *std::move(messages), now, leaves);
}

// Gives the messages their numbers, if there is room. leaves: the dead letter that goes as they come.
void bridge::store(ticket which, append_request request, std::vector<message> messages, moment now,
                   const amount& leaves) {
  const auto ref = request.device;
  amount more{messages.size(), 0};
  for (const auto& m : messages)
    more.bytes += size_of(m);
  if (const auto refused = make_room(table_.at(ref).application, more, now, leaves))
    return conclude(which, ref, request.key, *refused, now);
  const auto accepted_ms = static_cast<std::uint32_t>((now.mono - started_) / milliseconds{1});
  request.first = next_seq_;
  std::vector<outbox::waiting_message> waiting;
  for (auto& m : messages) {
    waiting.push_back({next_seq_, static_cast<std::uint32_t>(size_of(m)), accepted_ms, since_start(now)});
    cache_.keep(next_seq_, m);
    request.rows.push_back({next_seq_, ref, std::move(m)});
    ++next_seq_;
  }
  append(which, std::move(request), std::move(waiting), now);
}

void bridge::append(ticket which, append_request request, std::vector<outbox::waiting_message> messages,
                    moment now) {
  request.accepted_at = open_seconds(now);
  const auto first = request.first;
  const auto& d = table_.at(request.device);
  request.from = key_of(d);
  if (d.has_eui) request.dev_eui = d.eui;
  appending entry{which, request.device, request.key, std::move(messages), {}, request.refused.has_value()};
  for (const auto& m : entry.messages)
    entry.what += {1, m.bytes};
  if (request.refused) entry.what += {1, request.refused->raw.size()};
  if (const auto taken = ports_.spool.append(std::move(request)); !taken) {
    for (const auto& m : entry.messages)
      cache_.drop(m.seq);
    return conclude(which, entry.device, entry.key,
                    taken.fault().code() == errc::spool_full ? answer::full : answer::unavailable, now);
  }
  room_.take(table_.at(entry.device).application, entry.what);
  appending_.emplace(first, std::move(entry));
}

void bridge::on_spooled(const spool_result& what, moment now) {
  const auto node = appending_.extract(what.first);
  CAUSEWAY_CHECK(!node.empty());
  const auto& entry = node.mapped();
  const auto application = table_.at(entry.device).application;
  if (!what.outcome) {
    room_.give(application, entry.what);
    for (const auto& m : entry.messages)
      cache_.drop(m.seq);
    const bool is_gone = what.outcome.fault().code() == errc::not_found; // a dead letter, replayed twice
    return conclude(entry.which, entry.device, entry.key, is_gone ? answer::duplicate : answer::unavailable,
                    now);
  }
  auto& d = table_.at(entry.device);
  totals_.dead_lettered += what.letters.messages;
  if (entry.refused) {
    room_.give(application, entry.what); // counted among the dead letters now
    return conclude(entry.which, entry.device, entry.key, answer::dead_lettered, now);
  }
  if (entry.key) d.keys.add(entry.key->kind, entry.key->hash);
  const bool is_first = d.waiting == 0;
  for (const auto& m : entry.messages)
    outbox_.push(entry.device, d, m);
  conclude(entry.which, entry.device, entry.key, answer::stored, now);
  if (d.deleted && d.state != device_state::removed) suspect(entry.device); // it speaks: is it there again?
  switch (d.state) {
  case device_state::known:
    return connect(entry.device, now);
  case device_state::removed:
    d.deleted = false;
    ports_.devices.save_device(record_of(entry.device, d));
    return look_up(entry.device, now);
  case device_state::unlisted:
    if (has_list_[d.application] && !d.looking_up) look_up(entry.device, now);
    return;
  case device_state::provisioning:
    if (is_first) ports_.provisioner.hurry(entry.device);
    return;
  case device_state::attaching:
    if (is_first) ports_.hub.hurry(entry.device);
    return;
  case device_state::online:
    return pump(entry.device, now);
  case device_state::parked:
  case device_state::off: // switched off meanwhile
    return note_refused(entry.device, now);
  }
}

} // namespace causeway::core
