// SPDX-License-Identifier: Apache-2.0
#include "core/twins.h"

#include "base/backoff.h"
#include "base/excerpt.h"
#include "base/log.h"
#include "core/appends.h"
#include "core/command_senders.h"
#include "core/device_table.h"
#include "core/draft.h"
#include "core/naming.h"
#include "core/rule_book.h"

#include <algorithm>

namespace causeway::core {
namespace {

// Of a twin that could not be read or told, or of which nothing could be made for want of room or of a disk:
// each try is billed.
constexpr backoff_policy pauses{milliseconds{60'000}, milliseconds{3'600'000}, 2.0, 0.25};
// An uplink is an old one then.
constexpr seconds late{3600};
// A string of a twin may have 4 KB (azure-iot-wire.md B.8).
constexpr std::size_t longest_text = 1024;

// Of a property that was seen and not sent: what the device has in its place nobody knows.
constexpr std::uint16_t status_seen = 409;

twin_slot slot_of(const desired_downlink& desired, std::string_view state, int status) {
  twin_answer answer;
  answer.version = desired.version;
  answer.state = state;
  answer.status = static_cast<std::uint16_t>(status);
  answer.value = desired.value;
  return {make_event_key({desired.object}), std::move(answer)};
}

twin_slot refused_slot(const desired_downlink& desired, const error& why) {
  auto made = slot_of(desired, twin_refused, status_of(why));
  const auto text = why.detail().empty() ? describe(why.code()).text : std::string_view{why.detail()};
  made.answer->error_name = why.name();
  made.answer->error_text = excerpt(text, longest_text);
  return made;
}

twin_slot ordered_slot(const desired_downlink& desired, const command_id& id) {
  auto made = slot_of(desired, {}, 0);
  made.answer->command = id.str();
  return made;
}

std::uint64_t eui_of(const device& d) {
  return d.has_eui ? d.eui : 0;
}

// Reports cost as messages do: that its push is under way is no word of its own.
command_state told_state(command_state of) {
  return of == command_state::pushing ? command_state::stored : of;
}

// 200 where IoT Central is to show it as accepted: an unconfirmed one has nothing more to reach than the
// queue, and where gateways report no transmission it leaves that without a word.
int acknowledgement_of(const command_entry& of) {
  using enum command_state;
  const bool confirmed = of.what.what.confirmed;
  switch (of.track.state()) {
  case stored:
  case pushing:
  case nacked:
    return 202;
  case queued:
  case sent:
    return confirmed ? 202 : 200;
  case acknowledged:
    return 200;
  case failed:
    return status_of_refusal(of.error);
  case replaced:
  case cancelled:
    return 409;
  case no_word:
    return confirmed ? 504 : 200;
  case expired:
  case in_doubt:
    return 504;
  }
  return 500;
}

} // namespace

void twins::begin(std::vector<kept_command>& rows) {
  const auto ours = std::stable_partition(rows.begin(), rows.end(),
                                          [](const kept_command& row) { return !is_twin_row(row); });
  for (auto row = ours; row != rows.end(); ++row) {
    const auto device = find(row->of);
    auto record = read_twin_row(*row);
    if (!record)
      log::error("twin_record_damaged", {{"application", row->of.application},
                                         {"device", row->of.device},
                                         {"detail", record.fault().detail()}});
    if (record && device)
      twins_[*device].kept = *std::move(record);
    else if (!record || on_.rules.number_of(row->of.application))
      on_.changes.forget_command(row->id);
  }
  rows.erase(ours, rows.end());
}

std::optional<device_ref> twins::find(const device_key& key) const {
  const auto application = on_.rules.number_of(key.application);
  return application ? on_.table.find(*application, key.device.str()) : std::nullopt;
}

void twins::on_open(device_ref which, moment /*now*/) {
  auto& one = twins_[which];
  one.is_open = true;
  one.was_read = one.is_reading = one.reads_again = false;
  one.telling.reset();
  one.telling_state.reset();
  set_due(which, one, {});
  read(which, one, false);
}

void twins::on_changed(device_ref which, const std::string& patch, moment /*now*/) {
  auto& one = twins_[which];
  const auto change = to_.words->read_change(on_.rules.of(on_.table.at(which)).id, patch);
  // Of what does not concern a downlink the number alone is of use: a later gap in it shows that a change was
  // missed.
  if (change && !change->names_downlink && one.was_read && one.kept && !one.next && !one.is_reading &&
      change->version == one.kept->version + 1) {
    one.kept->version = change->version;
    return;
  }
  read(which, one, true);
}

// One at a time; and what is judged is judged with what is on disk.
void twins::read(device_ref which, twin& one, bool urgent) {
  if (one.is_reading || one.next) {
    one.reads_again = true;
    return;
  }
  set_due(which, one, {});
  one.is_reading = true;
  one.reads_again = false;
  to_.hub->read_twin(which, urgent);
}

void twins::read_later(device_ref which, twin& one, moment now) {
  if (one.due) return;
  set_due(which, one, now.mono + pause_after(pauses, one.failures, random_()));
  one.failures = static_cast<std::uint8_t>(std::min(one.failures + 1, 100));
}

void twins::set_due(device_ref which, twin& one, std::optional<mono_time> at) {
  if (one.due) due_.erase({*one.due, which});
  one.due = at;
  if (at) due_.emplace(*at, which);
}

void twins::on_read(device_ref which, const result<std::string>& document, moment now) {
  auto& one = twins_[which];
  if (!one.is_reading) return;
  one.is_reading = false;
  auto read_of = [&]() -> result<twin_reading> {
    if (!document) return document.fault();
    return to_.words->read_twin(on_.rules.of(on_.table.at(which)).id, *document);
  }();
  if (!read_of) {
    const auto key = on_.names.key_of(on_.table.at(which));
    if (const auto more = not_read_.admit(read_of.fault().code(), now.mono))
      log::warning("twin_not_read", {{"application", key.application},
                                     {"device", key.device},
                                     {"error", read_of.fault().name()},
                                     {"detail", read_of.fault().detail()},
                                     {"more", *more}});
    return read_later(which, one, now);
  }
  // What is known is of another device, whose name this one has now.
  const auto& d = on_.table.at(which);
  if (one.kept && on_.names.is_by_eui(d) && one.kept->eui != eui_of(d)) one.kept.reset();
  one.was_read = true;
  one.asked = std::move(read_of->desired);
  one.told.clear();
  for (auto& each : one.asked)
    if (!each.told.empty()) one.told.emplace(each.property, std::move(each.told));
  one.state_told = std::move(read_of->state);
  judge(which, one, now);
  tell(which, one);
  if (!one.due && !one.next && !one.is_telling()) one.failures = 0;
  if (one.reads_again && !one.next) read(which, one, true);
}

// What cannot be asked for any more is not among what is read, and is forgotten with this.
void twins::judge(device_ref which, twin& one, moment now) {
  auto asked = std::exchange(one.asked, {});
  if (asked.empty()) return;
  const auto& d = on_.table.at(which);
  twin_record next{asked.front().version, eui_of(d), {}};
  std::vector<const desired_downlink*> fresh;
  for (const auto& each : asked) {
    std::optional<kept_desired> known;
    if (const auto* const slot = one.kept ? one.kept->find(each.property) : nullptr) {
      known = {slot->object, one.kept->version};
      next.slots[each.property] = *slot;
    }
    const auto verdict = judge_desired(known, each.object, each.version, on_.rules.of(d).sends_first_desired);
    if (verdict.what == desired_finding::asked)
      fresh.push_back(&each);
    else if (verdict.what == desired_finding::seen)
      next.slots[each.property] = see(which, each, now);
    else if (auto& slot = next.slots[each.property]; slot.object != verdict.keep.object)
      slot = {};
  }
  for (const auto* const each : fresh) {
    if (order(which, one, next, *each, now)) continue;
    if (one.next) one.asked = std::move(asked);
    return;
  }
  // That its version has gone back counts for what is asked next, over a restart too.
  if (!one.kept || next.slots != one.kept->slots || next.version < one.kept->version)
    return keep(which, one, std::move(next), now);
  one.kept->version = next.version;
}

// Noted and said, and not sent.
twin_slot twins::see(device_ref which, const desired_downlink& desired, moment now) {
  const auto key = on_.names.key_of(on_.table.at(which));
  if (const auto more = seen_.admit(errc{}, now.mono))
    log::info("desired_seen", {{"application", key.application},
                               {"device", key.device},
                               {"property", desired.property},
                               {"version", desired.version},
                               {"more", *more}});
  return slot_of(desired, twin_seen, status_seen);
}

bool twins::order(device_ref which, twin& one, twin_record& next, const desired_downlink& desired,
                  moment now) {
  const auto key = on_.names.key_of(on_.table.at(which));
  const auto id = make_command_id(key, twin_origin{desired.object, desired.version});
  auto& slot = next.slots[desired.property];
  if (down_.book().find(id) != nullptr) {
    // One that was made of a twin that is not there any more, and had the same number: it is never sent
    // twice.
    const bool was_read = one.kept && one.kept->find(desired.property) != nullptr;
    slot = was_read ? see(which, desired, now) : ordered_slot(desired, id);
    return true;
  }
  slot = ordered_slot(desired, id);
  one.next = next;
  const auto taken = down_.order(which, id, desired.what, make_twin_row(key, next), now);
  if (taken) return false;
  one.next.reset();
  if (taken.fault().cls() != error_class::permanent) {
    read_later(which, one, now);
    return false;
  }
  slot = refused_slot(desired, taken.fault());
  return true;
}

// Without a command.
void twins::keep(device_ref which, twin& one, twin_record what, moment now) {
  append_request request;
  request.device = which;
  request.from = on_.names.key_of(on_.table.at(which));
  what.eui = eui_of(on_.table.at(which));
  request.commands.push_back(make_twin_row(request.from, what));
  const auto id = on_.stored.make(std::move(request), now);
  if (!id) return read_later(which, one, now);
  one.next = std::move(what);
  keeping_.emplace(*id, which);
}

bool twins::on_appended(const model::appended& what, moment now) {
  const auto node = keeping_.extract(what.id);
  if (node.empty()) return false;
  on_kept(node.mapped(), what.outcome, now);
  return true;
}

void twins::on_ordered(const command& what, const result<void>& outcome, moment now) {
  if (const auto device = find(what.to)) on_kept(*device, outcome, now);
}

void twins::on_kept(device_ref which, const result<void>& outcome, moment now) {
  const auto found = twins_.find(which);
  if (found == twins_.end() || !found->second.next) return;
  auto& one = found->second;
  auto next = std::exchange(one.next, {});
  if (outcome) {
    one.kept = std::move(next);
    one.failures = 0;
  }
  if (!one.is_open) return;
  if (!outcome)
    read_later(which, one, now);
  else if (one.reads_again)
    read(which, one, true);
  else
    judge(which, one, now);
  tell(which, one);
}

void twins::on_moved(const command& what, moment /*now*/) {
  const auto device = find(what.to);
  const auto found = device ? twins_.find(*device) : twins_.end();
  if (found != twins_.end()) tell(*device, found->second);
}

// One report at a time, of one place; what has changed meanwhile goes with the next.
void twins::tell(device_ref which, twin& one) {
  if (!one.is_open || !one.was_read || one.is_telling() || one.next || !one.kept) return;
  for (const auto& [property, slot] : one.kept->slots) {
    auto answer = slot.answer;
    if (answer && !answer->command.empty()) {
      const auto* const its = down_.book().find(command_id{answer->command});
      if (its == nullptr) continue; // its history is over: what was told last stays
      answer->state = to_string(told_state(its->track.state()));
      answer->status = static_cast<std::uint16_t>(acknowledgement_of(*its));
      if (!property.empty() && its->track.state() == command_state::failed) answer->error_name = its->error;
    }
    const auto told = one.told.find(property);
    auto report = to_.words->write_twin_answer(property, told == one.told.end() ? "" : told->second, answer);
    if (report.patch.empty()) continue;
    one.telling.emplace(property, std::move(report.told));
    return to_.hub->report_twin(which, std::move(report.patch), true);
  }
}

void twins::on_reported(device_ref which, const result<void>& outcome, moment now) {
  auto& one = twins_[which];
  if (!one.is_telling()) return;
  auto told = std::exchange(one.telling, {});
  auto state = std::exchange(one.telling_state, {});
  if (!outcome) {
    const auto key = on_.names.key_of(on_.table.at(which));
    if (const auto more = not_told_.admit(outcome.fault().code(), now.mono))
      log::warning("twin_not_told", {{"application", key.application},
                                     {"device", key.device},
                                     {"error", outcome.fault().name()},
                                     {"detail", outcome.fault().detail()},
                                     {"more", *more}});
    if (told) return read_later(which, one, now);
  } else if (told) {
    one.told.insert_or_assign(std::move(told->first), std::move(told->second));
    one.failures = 0;
  } else {
    one.state_told = *std::move(state);
  }
  tell(which, one);
}

// An answer goes before it; then a later uplink tells of the device.
void twins::on_uplink(device_ref which, const model::event& from, moment now) {
  const auto& rules = on_.rules.of(on_.table.at(which));
  const auto found = rules.twin && rules.twin_interval ? twins_.find(which) : twins_.end();
  if (found == twins_.end()) return;
  auto& one = found->second;
  if (!one.is_open || !one.was_read || one.is_telling() || now.mono < one.state_at) return;
  // What was fetched after an outage, or comes late, says nothing of now.
  const auto received = parse_rfc3339(from.received_at);
  if (received && now.wall - *received > late) return;
  auto state = to_.words->read_twin_state(from);
  if (state.empty()) return;
  auto patch = to_.words->write_twin_state(one.state_told, state);
  if (patch.empty()) return;
  one.telling_state = std::move(state);
  one.state_at = now.mono + *rules.twin_interval;
  to_.hub->report_twin(which, std::move(patch), false);
}

void twins::on_forgotten(device_ref which, const device_key& key) {
  const auto found = twins_.find(which);
  if (found == twins_.end()) return;
  set_due(which, found->second, {});
  if (found->second.kept || found->second.next) on_.changes.forget_command(make_twin_record_id(key));
  twins_.erase(found);
}

void twins::tick(moment now) {
  while (!due_.empty() && due_.begin()->first <= now.mono) {
    const auto which = due_.begin()->second;
    auto& one = twins_[which];
    set_due(which, one, {});
    if (one.is_open) read(which, one, false);
  }
}

std::optional<mono_time> twins::deadline() const {
  if (due_.empty()) return std::nullopt;
  return due_.begin()->first;
}

} // namespace causeway::core
