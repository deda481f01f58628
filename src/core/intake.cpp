// SPDX-License-Identifier: Apache-2.0
#include "core/intake.h"

#include "base/check.h"
#include "base/log.h"
#include "core/appends.h"
#include "core/backlog.h"
#include "core/device_table.h"
#include "core/doorman.h"
#include "core/naming.h"
#include "core/room.h"
#include "core/spool_room.h"
#include "core/successions.h"
#include "model/event_key.h"

#include <algorithm>
#include <utility>

namespace causeway::core {
namespace {

std::optional<kept_key> kept_key_of(const model::event& event) {
  if (!event.key) return std::nullopt;
  return kept_key{letter_of(event.kind), short_hash(*event.key)};
}

} // namespace

intake::intake(std::size_t most_in_progress, const naming& names, const device_table& table,
               const successions& heirs, backlog& waiting, room& space, appends& stored, const outlets& to,
               shard_totals& totals)
    : most_{most_in_progress},
      names_{names},
      table_{table},
      heirs_{heirs},
      waiting_{waiting},
      room_{space},
      stored_{stored},
      to_{to},
      totals_{totals} {}

const device* intake::device_of(const source& from) const {
  return from.device && table_.contains(*from.device) ? &table_.at(*from.device) : nullptr;
}

intake::source intake::source_of(std::optional<device_ref> device, std::uint32_t application) const {
  source from{device, application, {}};
  if (const auto* const d = device_of(from); d != nullptr && d->has_eui) {
    const auto* const next = heirs_.heir_of(*device);
    from.eui = next != nullptr ? next->eui : d->eui;
  }
  return from;
}

// The id has become another device's since it came, or is about to.
bool intake::is_of_former(const source& from) const {
  if (!from.eui || source_of(from.device, from.application).eui.value_or(*from.eui) == *from.eui)
    return false;
  return names_.is_by_eui(*device_of(from));
}

void intake::answer_now(ticket which, answer what) {
  ++totals_.answered[static_cast<std::size_t>(what)];
  to_.answers->on_answer(which, what);
}

// The event, and the copies that have come since: they fail with it, but where it is not sent they may be,
// for a mask or a transform can make of one copy what it does not make of another.
void intake::conclude(ticket which, const source& from, const std::optional<kept_key>& key, answer what,
                      moment now) {
  std::vector<copy> copies;
  if (key && from.device)
    if (auto node = pending_keys_.extract({*from.device, key->hash}); !node.empty())
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
void intake::judge_again(moment now) {
  if (judging_) return;
  judging_ = true;
  while (!again_.empty()) {
    auto one = std::move(again_.front());
    again_.pop_front();
    judge(std::move(one), now);
  }
  judging_ = false;
}

bool intake::is_duplicate(const device& d, const model::event& event, const kept_key& key) const {
  if (d.keys.contains(key.kind, key.hash)) return true;
  // Joins have kept their key over the change, uplinks have not.
  return d.keys.has_former() &&
         (d.keys.contains(kept_key::former, key.hash) ||
          (event.kind == event_kind::uplink && d.keys.contains(kept_key::former, former_hash(event))));
}

void intake::take(ticket which, std::optional<device_ref> device, std::uint32_t application,
                  model::event event, moment now) {
  judge({which, source_of(device, application), std::move(event)}, now);
}

void intake::judge(copy one, moment now) {
  const auto* const d = device_of(one.from);
  if (d == nullptr) {
    one.from.device.reset();
  } else if (const auto key = kept_key_of(one.event)) {
    if (is_duplicate(*d, one.event, *key)) return answer_now(one.which, answer::duplicate);
    const auto [first, fresh] = pending_keys_.try_emplace({*one.from.device, key->hash});
    if (!fresh) {
      first->second.push_back(std::move(one));
      ++pending_copies_;
      return;
    }
  }
  format(one.which, {one.from, std::move(one.event)}, now);
}

// Where it stays until its format has answered, which may be from inside the call.
void intake::format(ticket which, in_progress one, moment now) {
  const auto [entry, fresh] = formatting_.emplace(which, std::move(one));
  CAUSEWAY_CHECK(fresh);
  to_.formatter->format(which, entry->second.event, now);
}

void intake::on_formatted(ticket which, result<std::vector<message>> messages, moment now) {
  auto node = formatting_.extract(which);
  CAUSEWAY_CHECK(!node.empty());
  auto& one = node.mapped();
  if (messages)
    if (auto fault = doorman::refuses(*messages, one.event.from)) messages = *std::move(fault);
  if (messages && !messages->empty() && is_of_former(one.from))
    messages = error{errc::device_replaced, format_eui(*one.from.eui).str()};
  if (!messages) return refuse(which, std::move(one), messages.fault(), now);
  const auto key = kept_key_of(one.event);
  const auto* const d = device_of(one.from);
  if (messages->empty() || (d != nullptr && d->state() == device_state::off))
    return conclude(which, one.from, key, answer::unwanted, now);
  const amount leaves = one.letter ? amount{1, one.event.raw.size()} : amount{};
  append_request request{{}, one.from.device, key, *std::move(messages), {}, one.letter};
  request.from = std::move(one.event.from);
  if (d == nullptr) request.dev_eui = parse_eui(one.event.dev_eui);
  store(which, one.from, std::move(request), now, leaves);
}

// By its format.
void intake::refuse(ticket which, in_progress one, const error& why, moment now) {
  auto& event = one.event;
  const auto key = kept_key_of(event);
  if (why.cls() == error_class::transient) return conclude(which, one.from, key, answer::transform_busy, now);
  if (const auto more = waiting_.letters_told.admit(why.code(), now.mono))
    log::warning("message_dead_lettered", {{"application", event.from.application},
                                           {"device", event.from.device},
                                           {"error", why.name()},
                                           {"detail", why.detail()},
                                           {"more", *more}});
  if (one.letter) return conclude(which, one.from, key, answer::dead_lettered, now);
  // A dead letter lies in the spool like any message: without room for it the sender is to keep the event.
  const amount what{1, event.raw.size()};
  if (const auto full = room_.make(one.from.application, what, now))
    return conclude(which, one.from, key, *full, now);
  append_request request{{}, one.from.device, key, {}, refused_event{event.from, std::move(event.raw), why}};
  if (device_of(one.from) == nullptr) request.dev_eui = parse_eui(event.dev_eui);
  request.from = std::move(event.from);
  append(which, one.from, std::move(request), what, now);
}

// Appends the messages, if there is room. leaves: the dead letter that goes as they come.
void intake::store(ticket which, const source& from, append_request request, moment now,
                   const amount& leaves) {
  amount more{request.messages.size(), 0};
  for (const auto& m : request.messages)
    more.bytes += size_of(m);
  if (const auto refused = room_.make(from.application, more, now, leaves))
    return conclude(which, from, request.key, *refused, now);
  append(which, from, std::move(request), more, now);
}

void intake::append(ticket which, const source& from, append_request request, const amount& what,
                    moment now) {
  if (const auto* const d = device_of(from)) {
    if (d->has_eui) request.dev_eui = d->eui;
  } else {
    request.device.reset(); // it has left the table meanwhile
  }
  appending entry{{}, which, from, request.key, what, request.refused.has_value()};
  const auto made = stored_.make(std::move(request), now);
  if (!made)
    return conclude(which, from, entry.key,
                    made.fault().code() == errc::spool_full ? answer::full : answer::unavailable, now);
  entry.id = *made;
  waiting_.account.take(from.application, what);
  appending_.push_back(entry);
}

void intake::on_appended(const appended& what, moment now) {
  const auto place = std::lower_bound(appending_.begin(), appending_.end(), what.id,
                                      [](const appending& one, append_id id) { return one.id < id; });
  CAUSEWAY_CHECK(place != appending_.end() && place->id == what.id && !place->answered);
  const auto entry = *place;
  place->answered = true;
  while (!appending_.empty() && appending_.front().answered)
    appending_.pop_front();
  // What is durable is counted where it is now: with its rows, or among the dead letters.
  waiting_.account.give(entry.from.application, entry.what);
  if (!what.outcome) {
    const bool is_gone = what.outcome.fault().code() == errc::not_found; // a dead letter, replayed twice
    return conclude(entry.which, entry.from, entry.key, is_gone ? answer::duplicate : answer::unavailable,
                    now);
  }
  totals_.dead_lettered += what.letters.messages;
  conclude(entry.which, entry.from, entry.key, entry.refused ? answer::dead_lettered : answer::stored, now);
}

void intake::replay(ticket which, std::uint64_t letter, device_ref device, message what, moment now) {
  const amount leaves{1, size_of(what)};
  const auto& d = table_.at(device);
  append_request request{{}, device, std::nullopt, {}, {}, letter};
  request.from = names_.key_of(d);
  request.messages.push_back(std::move(what));
  store(which, source_of(device, d.application), std::move(request), now, leaves);
}

void intake::replay(ticket which, std::uint64_t letter, device_ref device, model::event event, moment now) {
  if (event.key && !pending_keys_.try_emplace({device, short_hash(*event.key)}).second)
    return answer_now(which, answer::unavailable);
  format(which, {source_of(device, table_.at(device).application), std::move(event), letter}, now);
}

std::set<device_ref> intake::in_storing() const {
  std::set<device_ref> all;
  for (const auto& [which, one] : formatting_)
    if (one.from.device) all.insert(*one.from.device);
  for (const auto& one : appending_)
    if (!one.answered && one.from.device) all.insert(*one.from.device);
  return all;
}

} // namespace causeway::core
