// SPDX-License-Identifier: Apache-2.0
// Commands on their way in, and what becomes of them. Their pushes are in command_pushes.cpp.
#include "core/commands.h"

#include "base/check.h"
#include "base/earliest.h"
#include "base/log.h"
#include "core/device_table.h"
#include "core/draft.h"
#include "core/naming.h"
#include "core/open_time.h"
#include "core/rule_book.h"
#include "core/spool_room.h"
#include "core/successions.h"

#include <algorithm>
#include <utility>

namespace causeway::core {
namespace {

constexpr std::uint64_t usual_report_bytes = 1'024;

// What nobody has pushed by then is not pushed any more: a method's caller has gone long ago.
constexpr seconds method_patience{300};

// A later one would take its place at a device that is not of class A.
bool is_open(command_stage stage) {
  return stage == command_stage::pushing || stage == command_stage::queued || stage == command_stage::sent ||
         stage == command_stage::nacked;
}

// When nothing is heard of it for long it is asked for.
bool has_more_to_come(const command_entry& one) {
  const auto stage = one.track.stage();
  return stage == command_stage::queued || stage == command_stage::nacked ||
         (stage == command_stage::sent && one.what.what.confirmed);
}

// A step is never refused for want of room: the report of where a command stands at last goes past the
// spool's limits. So many commands as the ledger has would be too many with 32 attempts each: of these only
// those are told that find room.
bool may_tell(const command_entry& one, const spool_room& room) {
  const auto& stands = one.track.record();
  const bool is_attempt =
      stands.stage == command_stage::nacked || (stands.stage == command_stage::sent && stands.nacks > 0);
  return !is_attempt || !room.lacks(one.application, {1, usual_report_bytes});
}

// What somebody should look at.
void tell_alarm(const command_entry& one, model::command_totals& totals) {
  const bool in_doubt = one.track.stage() == command_stage::in_doubt;
  ++(in_doubt ? totals.in_doubt : totals.no_word);
  const auto& to = one.what.to;
  const auto& id = one.what.id.str();
  if (in_doubt)
    log::error("command_in_doubt", {{"application", to.application}, {"device", to.device}, {"command", id}});
  else
    log::warning("command_no_word",
                 {{"application", to.application}, {"device", to.device}, {"command", id}});
}

// Of this device as many have been taken, or refused, within the brake's time as it allows.
bool has_brakes_worth(const ledger& book, const device_key& of, const downlink_brake& brake, bool refused,
                      std::uint32_t open) {
  const auto all = book.of_device(of);
  const auto recent = std::count_if(all.begin(), all.end(), [&](const command_entry* one) {
    return one->refused == refused && open - std::min(open, one->stored_at) < brake.within.count();
  });
  return recent >= std::max<std::ptrdiff_t>(brake.count, refused ? 1 : 0);
}

// Nothing: the device may have one more. open: open seconds.
std::optional<error> braked(const ledger& book, const device_key& of,
                            const std::optional<downlink_brake>& brake, std::uint32_t open) {
  if (!brake || !has_brakes_worth(book, of, *brake, false, open)) return std::nullopt;
  return error{errc::downlink_brake,
               std::to_string(brake->count) + " in " + std::to_string(brake->within.count()) + " s"};
}

// Of a flood a few are reported, and push nothing else out of the ledger.
bool may_report_braked(const ledger& book, const device_key& of, std::uint32_t application,
                       const downlink_brake& brake, std::uint32_t open) {
  const auto vacancy = book.make_room(application);
  return !vacancy.refused && vacancy.goes == nullptr && !has_brakes_worth(book, of, brake, true, open);
}

void tell_silent(const application_id& which) {
  log::warning(
      "progress_not_arriving",
      {{"application", which},
       {"detail", "The Things Stack takes downlinks and tells nothing of them: its webhook, or MQTT, must "
                  "give downlink_queued and the further downlink events, whole; `causeway check` looks"}});
}

} // namespace

commands::commands(const options& by, const grounds& on, const outlets& to)
    : options_{by},
      on_{on},
      to_{to},
      book_{options_.limits},
      saves_{book_, {on.table, on.stored, on.totals}, to.answers, options_.random},
      turns_{push_turn_options{options_.limits.pushes_under_way, push_turn_options{}.after_unanswered,
                               options_.limits.pace}},
      clearings_{turns_, to.stack},
      looks_{to.stack},
      classes_{to.stack},
      times_{totals_, by.timeline},
      senders_{to.hub, to.words},
      refusals_{on.names, on.table, senders_, totals_},
      gate_{to.hub, saves_, book_},
      unsure_{turns_, book_, on.names, on.table} {
  if (!options_.service_time) options_.service_time = [](moment) { return std::nullopt; };
}

// Those that were stored first go first; and nothing is sent to a device before it is known what became of
// its last push.
void commands::begin(std::vector<kept_command> rows, moment now) {
  now_ = now.mono;
  std::vector<command_entry*> stored;
  for (auto& row : rows) {
    auto state = decode_command(row);
    const auto application = on_.rules.number_of(row.of.application);
    if (!state) {
      log::error("command_damaged", {{"application", row.of.application},
                                     {"device", row.of.device},
                                     {"command", row.id.str()},
                                     {"detail", state.fault().detail()}});
      on_.changes.forget_command(row.id);
      continue;
    }
    if (!application || book_.find(row.id) != nullptr) continue;
    auto& one = book_.add(make_entry(*std::move(state), *application));
    one.durable = true;
    const auto device = on_.names.ref_of(one.application, one.what.to);
    if (one.track.stage() == command_stage::stored)
      stored.push_back(&one);
    else if (one.track.stage() == command_stage::pushing)
      resume(one, now);
    else if (device && one.what.what.confirmed && is_open(one.track.stage())) {
      turns_.set_open(*device, one.what.id);
      turns_.set_standing(*device, one.what.id, stands_in_queue(one.track.record()), now.mono);
    }
    schedule(one, now);
  }
  for (auto* const one : stored) {
    if (one->what.expiry.by_wall && !options_.service_time(now)) {
      if (const auto device = on_.names.ref_of(one->application, one->what.to)) unsure_.keep(*device);
    }
    enter(*one, now);
  }
}

// Nothing: there is room for it now.
std::optional<error> commands::refuses(device_ref which, moment now) {
  if (closed_) return error{errc::commands_closed};
  const auto& d = on_.table.at(which);
  const auto key = on_.names.key_of(d);
  if (auto why = braked(book_, key, on_.rules.of(d).max_downlinks, on_.time.seconds_at(now))) return why;
  const auto vacancy = book_.make_room(d.application);
  if (vacancy.refused) return error{*vacancy.refused, key.application.str()};
  if (vacancy.goes == nullptr) return std::nullopt;
  if (pushes_.contains(vacancy.goes->what.id)) return error{errc::commands_full, key.application.str()};
  forget(command_id{vacancy.goes->what.id});
  return std::nullopt;
}

// Its sender is told twice: by the hub, which dead-letters the message, and by a report as of any that fails.
void commands::brake(device_ref which, command made, delivery_number number, const error& why, moment now) {
  ++totals_.refused[static_cast<std::size_t>(command_source::c2d)];
  senders_.settle(which, number, c2d_settlement::reject);
  const auto application = on_.table.at(which).application;
  auto& one = book_.add(make_fresh_entry(std::move(made), application, on_.time.seconds_at(now), now));
  one.refused = true;
  move(one, command_event::given_up, {.error_name = std::string{why.name()}, .error_text = why.detail()},
       now);
}

void commands::store(command_entry& one, device_ref which, moment now) {
  const auto& d = on_.table.at(which);
  if (d.has_eui && on_.names.is_by_eui(d)) one.what.dev_eui = d.eui;
  const auto id = one.what.id;
  if (auto taken = saves_.save(one, which, purpose::storing, {}, now); !taken) on_stored(id, taken, now);
}

void commands::on_stored(const command_id& id, const result<void>& outcome, moment now) {
  auto* const found = book_.find(id);
  if (found == nullptr) return;
  auto& one = *found;
  if (!outcome) {
    senders_.on_not_stored(id, error{errc::store_unavailable, outcome.fault().detail()});
    if (one.what.source == command_source::twin) to_.watch->on_ordered(one.what, outcome, now);
    book_.remove(id);
    gate_.shut(); // what the hub keeps is safe there
    return;
  }
  ++totals_.received[static_cast<std::size_t>(one.what.source)];
  if (one.what.source == command_source::twin) to_.watch->on_ordered(one.what, outcome, now);
  times_.on_stored(one, on_.names.ref_of(one.application, one.what.to), now.mono);
  senders_.on_changed(one, {});
  schedule(one, now);
  enter(one, now);
}

void commands::on_c2d(device_ref which, c2d_message what, moment now) {
  now_ = now.mono;
  const auto& d = on_.table.at(which);
  const auto key = on_.names.key_of(d);
  const auto& hub = on_.table.hub_of(d).host.str();
  auto id = make_command_id(key, c2d_origin{hub, what.sequence_number, what.enqueued_ms, what.message_id});
  if (auto* const known = book_.find(id)) {
    ++totals_.redelivered;
    // One above the brake, whose rejection has not reached the hub.
    if (known->refused && !known->pushed) return senders_.settle(which, what.number, c2d_settlement::reject);
    return senders_.hold(*known, which, what.number, now);
  }
  auto read = to_.words->read_c2d(key.application, what);
  if (!read) return refusals_.refuse(which, what, read.fault(), now);
  const auto refused = refuses(which, now);
  const bool is_reported =
      refused && refused->code() == errc::downlink_brake &&
      may_report_braked(book_, key, d.application, *on_.rules.of(d).max_downlinks, on_.time.seconds_at(now));
  if (refused && !is_reported) {
    if (refused->code() == errc::commands_full) gate_.shut();
    return refusals_.refuse(which, what, *refused, now);
  }
  command made{std::move(id), command_source::c2d, key, *std::move(read), {}, {}, {}, {}};
  made.message_id = std::move(what.message_id);
  made.correlation_id = std::move(what.correlation_id);
  made.sequence_number = what.sequence_number;
  if (what.enqueued_ms) made.enqueued = wall_time{milliseconds{*what.enqueued_ms}};
  made.held_for = on_.rules.of(d).settle_at;
  made.expiry.by_wall = what.expires;
  if (what.expires && what.enqueued_ms) {
    const auto life =
        std::chrono::duration_cast<seconds>(*what.expires - wall_time{milliseconds{*what.enqueued_ms}});
    made.expiry.open_seconds =
        on_.time.seconds_at(now) +
        static_cast<std::uint32_t>(std::clamp<std::int64_t>(life.count(), 0, 1U << 30));
  }
  if (refused) return brake(which, std::move(made), what.number, *refused, now);
  auto& one = book_.add(make_fresh_entry(std::move(made), d.application, on_.time.seconds_at(now), now));
  senders_.hold(one, which, what.number, now);
  store(one, which, now);
}

void commands::on_method(device_ref which, const method_call& what, moment now) {
  now_ = now.mono;
  const auto& d = on_.table.at(which);
  const auto key = on_.names.key_of(d);
  auto call = to_.words->read_method(key.application, what);
  if (!call) return refusals_.refuse(which, what, call.fault(), now);
  method_origin from{what.name, call->id, {}};
  if (call->id.empty()) from.random = options_.fresh_id();
  auto id = make_command_id(key, from);
  if (auto* const known = book_.find(id); known != nullptr && !known->refused) {
    if (known->what.what != call->what)
      return refusals_.refuse(which, what, error{errc::command_id_taken, call->id}, now);
    return senders_.wait(*known, which, what.number, call->wait, call->wait_for, now);
  }
  if (const auto refused = refuses(which, now)) return refusals_.refuse(which, what, *refused, now);
  // The word that it was refused, which would be taken for this one's, is still to come: from disk, or stack.
  if (saves_.is_saving(id) || pushes_.contains(id))
    return refusals_.refuse(which, what, error{errc::commands_closed, call->id}, now);
  saves_.forget(id);
  book_.remove(id); // one that was refused: nothing was sent
  command made{std::move(id), command_source::method, key, std::move(call->what), {}, {}, {}, {}};
  made.expiry.open_seconds = on_.time.seconds_at(now) + static_cast<std::uint32_t>(method_patience.count());
  // Over a stop, too: what a caller wanted an hour ago nobody may do now.
  if (const auto time = options_.service_time(now)) made.expiry.by_wall = *time + method_patience;
  auto& one = book_.add(make_fresh_entry(std::move(made), d.application, on_.time.seconds_at(now), now));
  senders_.wait(one, which, what.number, call->wait, call->wait_for, now);
  store(one, which, now);
}

result<void> commands::order(device_ref which, const command_id& id, const result<downlink>& what,
                             const kept_command& beside, moment now) {
  now_ = now.mono;
  const auto& d = on_.table.at(which);
  const auto why = what ? refuses(which, now) : std::optional{what.fault()};
  if (why) {
    refusals_.refuse(which, id, *why, now);
    return *why;
  }
  command made{id, command_source::twin, beside.of, *what, {}, {}, {}, {}};
  made.expiry.open_seconds =
      on_.time.seconds_at(now) + static_cast<std::uint32_t>(options_.limits.history.count());
  auto& one = book_.add(make_fresh_entry(std::move(made), d.application, on_.time.seconds_at(now), now));
  one.beside = beside;
  store(one, which, now);
  return {};
}

bool commands::take(ticket which, const model::event& event, moment now) {
  const auto* const told = std::get_if<downlink_event>(&event.what);
  if (told == nullptr) return false;
  const auto id = command_among(told->correlation_ids);
  auto* const one = id ? book_.find(*id) : nullptr;
  const auto step = one != nullptr && one->what.to == event.from ? step_of(event) : std::nullopt;
  if (!step) return false;
  now_ = now.mono;
  progress_.on_step(one->application);
  const auto [from, was_there] = std::pair{one->track.stage(), stands_in_queue(one->track.record())};
  const auto effect = one->track.on_step(*step);
  if (effect.other_item) {
    ++totals_.steps_elsewhere;
    log::error("command_pushed_twice", {{"application", event.from.application},
                                        {"device", event.from.device},
                                        {"command", id->str()},
                                        {"item", step->item}});
    saves_.answer_event(which, answer::unwanted);
    return true;
  }
  if (effect.report.empty() && !effect.moved) {
    if (!saves_.join(*id, which))
      saves_.answer_event(which, saves_.is_unsaved(*id) ? answer::unavailable : answer::duplicate);
    return true;
  }
  // The stack tells a refusal of the push as an event, too, which often beats its answer.
  const bool is_refusal = from == command_stage::pushing && one->track.stage() == command_stage::failed &&
                          !step->f_cnt && !step->by_network;
  one->refused = one->refused || is_refusal;
  take_effect(*one, effect, {.step = &*step}, which, now);
  if (effect.moved || was_there != stands_in_queue(one->track.record()))
    on_moved(*one, from, is_refusal ? step->error_name : std::string{}, now);
  return true;
}

bool commands::on_appended(const model::appended& what, moment now) {
  const auto saved = saves_.on_appended(what, now);
  if (!saved) return false;
  now_ = now.mono;
  if (saved->what == purpose::storing) on_stored(saved->id, saved->outcome, now);
  // The last that was on its way: what went before may have been from before it was called off.
  if (!saves_.is_saving(saved->id)) {
    if (const auto* const one = book_.find(saved->id);
        one != nullptr && saved->outcome && one->track.stage() == command_stage::cancelled)
      tell(*one, {}, now);
    senders_.on_saved(saved->id, saved->outcome.has_value());
  }
  if (saved->what == purpose::pushing) on_written(saved->id, saved->outcome, now);
  if (saved->outcome) gate_.look(now);
  return true;
}

void commands::move(command_entry& one, command_event what, const report_cause& cause, moment now) {
  const auto from = one.track.stage();
  const auto effect = one.track.on(what);
  if (!effect.moved) return;
  take_effect(one, effect, cause, {}, now);
  on_moved(one, from, what == command_event::push_refused ? cause.error_name : std::string_view{}, now);
}

// One append for what it has made of the command and for what is told of it.
void commands::take_effect(command_entry& one, const command_effect& effect, const report_cause& cause,
                           std::optional<ticket> told_by, moment now) {
  auto device = on_.names.ref_of(one.application, one.what.to);
  if (device && on_.heirs.is_former(*device, one.what.dev_eui)) device.reset();
  if (!effect.report.empty()) one.note(make_mark(one.track.record(), cause, now.wall));
  if (!error_of(cause).empty()) one.error = error_of(cause);
  if (device && !effect.report.empty() && !may_tell(one, on_.room)) {
    ++totals_.reports_left_out;
  } else if (device && !effect.report.empty()) {
    const auto report =
        make_report(one.what, on_.table.at(*device).dev_eui(), one.track.record(), effect, cause, now.wall);
    if (auto message = to_.words->write_report(report)) {
      one.untold.push_back(*std::move(message));
      ++totals_.reports;
    }
  }
  one.changed_at = on_.time.seconds_at(now);
  book_.on_changed(one);
  schedule(one, now);
  static_cast<void>(saves_.save(one, device, purpose::note, told_by, now)); // tried again by itself
}

void commands::on_moved(command_entry& one, command_stage from, std::string_view refusal, moment now) {
  const auto stage = one.track.stage();
  const auto device = on_.names.ref_of(one.application, one.what.to);
  looks_.drop(one.what.id);
  times_.on_moved(one, from, device, now.mono);
  if (stage == command_stage::in_doubt || stage == command_stage::no_word) tell_alarm(one, totals_);
  if (stage == command_stage::failed) refusals_.note_failed(one, now);
  if (const auto push = pushes_.find(one.what.id);
      from == command_stage::pushing && push != pushes_.end() && push->second.unanswered)
    turns_.on_known(pushes_.extract(push).mapped().device, stage != command_stage::stored, now.mono);
  if (device && one.what.what.confirmed && !is_open(stage)) turns_.on_ended(*device, one.what.id, now.mono);
  if (device && one.what.what.confirmed)
    turns_.set_standing(*device, one.what.id, stands_in_queue(one.track.record()), now.mono);
  // That it is called off nobody hears before it is durable.
  if (stage != command_stage::cancelled) tell(one, refusal, now);
  if (is_end(stage)) gate_.look(now);
  if (stage == command_stage::queued && one.what.what.queue == queue_operation::replace && one.pushed)
    leave_queue(one.what.to, &one, one.pushed->wall, command_event::queue_replaced, now);
  pump(now);
}

// Who has asked for it, in Azure.
void commands::tell(const command_entry& one, std::string_view refusal, moment now) {
  senders_.on_changed(one, refusal);
  if (one.what.source == command_source::twin) to_.watch->on_moved(one.what, now);
}

std::size_t commands::leave_queue(const device_key& of, const command_entry* but, wall_time then,
                                  command_event how, moment now) {
  std::size_t left = 0;
  for (auto* const one : book_.of_device(of)) {
    if (one == but || one->track.stage() != command_stage::queued || one->track.record().on_its_way ||
        !one->pushed || one->pushed->wall > then)
      continue;
    move(*one, how, {}, now);
    ++left;
  }
  return left;
}

// In open seconds, and so over a restart.
void commands::schedule(command_entry& one, moment now) {
  const auto open = on_.time.seconds_at(now);
  const auto at = [&](std::uint64_t when) {
    return now.mono + seconds{when > open ? static_cast<std::int64_t>(when - open) : 0};
  };
  const auto stage = one.track.stage();
  if (stage == command_stage::pushing) return book_.set_due(one, {});
  if (stage == command_stage::stored) {
    std::optional<mono_time> due;
    const auto& expiry = one.what.expiry;
    if (expiry.open_seconds) due = at(*expiry.open_seconds);
    if (const auto time = expiry.by_wall ? options_.service_time(now) : std::nullopt)
      due = earliest({due, now.mono + std::max(*expiry.by_wall - *time, wall_time::duration{0})});
    return book_.set_due(one, due);
  }
  const auto& rules = on_.rules.at(one.application);
  const auto wait = has_more_to_come(one) ? rules.command_timeout : options_.limits.history;
  book_.set_due(one, at(std::uint64_t{std::max(one.changed_at, one.asked_at)} +
                        static_cast<std::uint64_t>(wait.count())));
}

void commands::on_due(command_entry& one, moment now) {
  if (one.track.stage() == command_stage::stored) {
    if (!has_come(one.what.expiry, options_.service_time(now), on_.time.seconds_at(now)))
      return schedule(one, now);
    if (const auto device = on_.names.ref_of(one.application, one.what.to))
      turns_.leave(*device, one.what.id, now.mono);
    return move(one, command_event::timed_out, {}, now);
  }
  if (has_more_to_come(one)) return looks_.ask(one.what.id, one.what.to, now.mono);
  forget(command_id{one.what.id});
}

void commands::forget(const command_id& id) {
  on_.changes.forget_command(id);
  saves_.forget(id);
  looks_.drop(id);
  book_.remove(id);
}

void commands::on_forgotten(device_ref which, const device_key& key, moment now) {
  clearings_.drop(which, clearing_end::unknown, now.mono);
  for (auto* const one : book_.of_device(key)) {
    turns_.on_ended(which, one->what.id, now.mono);
    if (one->track.stage() != command_stage::stored) continue;
    turns_.leave(which, one->what.id, now.mono);
    move(*one, command_event::given_up, {.error_name = "device_unknown"}, now);
  }
}

// Nobody is told before it is durable: after a crash it would be pushed all the same.
void commands::cancel(const command_id& which, calling_told told, moment now) {
  now_ = now.mono;
  auto* const one = book_.find(which);
  if (one == nullptr || !one->durable) return told(calling_off::unknown);
  const auto stage = one->track.stage();
  const bool is_on_its_way =
      stage == command_stage::cancelled && (saves_.is_saving(which) || saves_.is_unsaved(which));
  if (is_end(stage) && !is_on_its_way) return told(calling_off::ended);
  if (!is_end(stage) && stage != command_stage::stored) return told(calling_off::pushed);
  if (stage == command_stage::stored) {
    if (const auto device = on_.names.ref_of(one->application, one->what.to))
      turns_.leave(*device, which, now.mono);
    move(*one, command_event::called_off, {}, now);
  }
  if (saves_.is_unsaved(which)) return told(calling_off::unavailable);
  senders_.call_off(which, std::move(told));
}

void commands::clear(const device_key& of, clearing_told told, moment now) {
  now_ = now.mono;
  const auto application = on_.rules.number_of(of.application);
  const auto device = application ? on_.names.ref_of(*application, of) : std::nullopt;
  if (!device || closed_) return told({device ? clearing_end::closed : clearing_end::unknown, {}, {}, 0});
  clearings_.add(*device, of, *application, std::move(told), now.mono);
  pump(now);
}

void commands::add_busy(std::set<device_ref>& to) const {
  saves_.add_devices(to);
  clearings_.add_devices(to);
  for (const auto& [id, one] : pushes_)
    to.insert(one.device);
}

void commands::close(moment now) {
  now_ = now.mono;
  closed_ = true;
  gate_.close();
  clearings_.close(now.mono);
  senders_.close([this](const command_id& id) { return book_.find(id); });
}

void commands::tick(moment now) {
  now_ = now.mono;
  while (auto* const one = book_.take_due(now.mono))
    on_due(*one, now);
  for (const auto& id : saves_.take_unsaved(now))
    if (auto* const one = book_.find(id))
      static_cast<void>(saves_.save(*one, on_.names.ref_of(one->application, one->what.to), purpose::note, {},
                                    now)); // tried again by itself
  senders_.tick(now, [this](const command_id& id) { return book_.find(id); });
  clearings_.tick(now.mono);
  const auto sure = unsure_.is_idle() ? std::vector<device_ref>{}
                                      : unsure_.look(options_.service_time(now).has_value(), now);
  for (const auto which : sure) {
    if (!on_.table.contains(which)) continue;
    const auto key = on_.names.key_of(on_.table.at(which));
    for (auto* const one : book_.of_device(key))
      if (one->track.stage() == command_stage::stored) schedule(*one, now);
    if (turns_.is_held(which)) classes_.ask(which, key, now.mono);
  }
  for (const auto application : progress_.take_silent(now.mono))
    tell_silent(on_.rules.at(application).id);
  pump(now);
  looks_.pump(now.mono);
  gate_.look(now);
}

std::optional<mono_time> commands::deadline() const {
  return earliest({unsure_.deadline(), book_.deadline(), saves_.deadline(), senders_.deadline(),
                   looks_.deadline(), progress_.deadline(), clearings_.deadline(),
                   closed_ ? std::nullopt : turns_.deadline(now_)});
}

model::command_totals commands::totals() const {
  auto all = totals_;
  all.pushes_under_way = turns_.under_way();
  all.silent_applications = progress_.silent();
  for (std::size_t stage = 0; stage < command_stages; ++stage) {
    const auto which = static_cast<command_stage>(stage);
    all.in_state[static_cast<std::size_t>(state_of(which))] += book_.in_stage(which);
  }
  return all;
}

} // namespace causeway::core
