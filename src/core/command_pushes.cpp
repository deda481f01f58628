// SPDX-License-Identifier: Apache-2.0
// commands: from `stored` to what became of the push.
#include "core/commands.h"

#include "base/log.h"
#include "core/device_table.h"
#include "core/holdings.h"
#include "core/naming.h"
#include "core/open_time.h"
#include "core/successions.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <variant>

namespace causeway::core {
namespace {

// Between the disk's word that a push leaves and its first byte: whoever freezes longer must ask again
// whether it still owns the device (cluster.md 5).
constexpr seconds leaves_within{5};

// Both clocks have gone on alike: the machine is the same since, and its wall clock was not set.
bool is_same_time(const push_mark& then, moment now) {
  constexpr seconds drift{5};
  const auto by_wall = now.wall - then.wall;
  const auto by_mono = now.mono - then.mono;
  return by_mono >= std::chrono::nanoseconds{0} && std::chrono::abs(by_wall - by_mono) < drift;
}

// Its device has been heard since its push began, whatever clocks say: the item may have gone out behind
// that.
bool has_spoken_meanwhile(const command_entry& one, const commands::grounds& on) {
  const auto device = on.names.ref_of(one.application, one.what.to);
  return device && one.pushed && has_spoken_since(on.table.at(*device), one.pushed->newest);
}

command_event event_of(push_finding what, bool has_spoken) {
  switch (what) {
  case push_finding::queued:
    return command_event::found_queued;
  case push_finding::scheduled:
    return command_event::found_scheduled;
  case push_finding::never_arrived:
    return has_spoken ? command_event::cannot_be_known : command_event::never_arrived;
  case push_finding::in_doubt:
    break;
  }
  return command_event::cannot_be_known;
}

} // namespace

void commands::enter(command_entry& one, moment now) {
  const auto device = on_.names.ref_of(one.application, one.what.to);
  if (!device) return move(one, command_event::given_up, {.error_name = "device_unknown"}, now);
  // Behind a confirmed one each waits until it is known that the device is of class A; but not what takes the
  // place of all that stands in the queue, where that one stands there, too.
  const auto& asked = one.what.what;
  turns_.enter({one.what.id, *device, one.application, !classes_.is_class_a(*device, now.mono),
                asked.queue == queue_operation::replace, asked.confirmed},
               now.mono);
  if (!closed_ && turns_.is_held(*device)) classes_.ask(*device, one.what.to, now.mono);
  pump(now);
}

// A push of the process before, of which nothing is known.
void commands::resume(command_entry& one, moment now) {
  const auto device = on_.names.ref_of(one.application, one.what.to);
  if (!device) return move(one, command_event::cannot_be_known, {}, now);
  push_times when{{}, now.mono, one.pushed ? one.pushed->newest : std::nullopt};
  if (one.pushed && is_same_time(*one.pushed, now)) when.began = one.pushed->mono;
  // Of two the later one began only when the first had been answered.
  if (!turns_.resume({one.what.id, *device, one.application, true, false, one.what.what.confirmed}, now.mono))
    return move(one, command_event::cannot_be_known, {}, now);
  pushes_[one.what.id] = {*device, {}, true};
  looks_.ask(one.what.id, one.what.to, when, now.mono);
}

// One after the other, not each from inside the one before.
void commands::pump(moment now) {
  if (std::exchange(pumping_, true)) return;
  while (!closed_) {
    const auto turn = turns_.next(now.mono);
    if (!turn) break;
    start_push(*turn, now);
  }
  pumping_ = false;
}

void commands::start_push(const push_entry& turn, moment now) {
  if (clearings_.start(turn.id, now)) return;
  auto* const one = book_.find(turn.id);
  if (one == nullptr || one->track.stage() != command_stage::stored)
    return turns_.on_answer(turn.device, false, now.mono);
  const bool is_there = on_.table.contains(turn.device);
  if (!is_there || on_.heirs.is_former(turn.device, one->what.dev_eui)) {
    turns_.on_answer(turn.device, false, now.mono);
    const char* const why = is_there ? "device_replaced" : "device_unknown";
    return move(*one, command_event::given_up, {.error_name = why}, now);
  }
  if (has_come(one->what.expiry, options_.service_time(now), on_.time.seconds_at(now))) {
    turns_.on_answer(turn.device, false, now.mono);
    return move(*one, command_event::timed_out, {}, now);
  }
  one->pushed = push_mark{now.wall, now.mono, known_uplink_of(on_.table.at(turn.device), now.wall)};
  one->note({command_state::pushing, now.wall});
  times_.on_push(*one, turn.device, now.mono);
  one->track.on(command_event::push_began);
  book_.on_changed(*one);
  schedule(*one, now);
  pushes_[turn.id] = {turn.device, {}, false};
  if (auto taken = saves_.save(*one, turn.device, purpose::pushing, {}, now); !taken)
    on_written(turn.id, taken, now);
}

void commands::on_written(const command_id& id, const result<void>& outcome, moment now) {
  auto* const found = book_.find(id);
  const auto push = pushes_.find(id);
  if (found == nullptr || found->track.stage() != command_stage::pushing) { // a late step has told it
    turns_.on_answer(pushes_.extract(push).mapped().device, true, now.mono);
    return pump(now);
  }
  auto& one = *found;
  if (outcome && !closed_) {
    push->second.written = now.mono;
    ++totals_.pushes;
    return to_.stack->push(id, one.what.to, one.what.what);
  }
  turns_.on_not_made(pushes_.extract(push).mapped().device, now.mono);
  move(one, command_event::push_not_made, {}, now);
}

bool commands::may_leave(const command_id& which, moment now) const {
  if (const auto clearing = clearings_.find(which))
    return !closed_ && now.mono - clearing->since < leaves_within && on_.table.contains(clearing->device) &&
           on_.here.lets(on_.table.at(clearing->device));
  const auto push = pushes_.find(which);
  const auto* const one = book_.find(which);
  return !closed_ && push != pushes_.end() && push->second.written && one != nullptr &&
         one->track.stage() == command_stage::pushing && now.mono - *push->second.written < leaves_within &&
         on_.table.contains(push->second.device) && on_.here.lets(on_.table.at(push->second.device));
}

void commands::on_push_outcome(const command_id& which, const push_outcome& what, moment now) {
  now_ = now.mono;
  if (clearings_.find(which)) return on_clearing(which, what, now);
  const auto push = pushes_.find(which);
  auto* const one = book_.find(which);
  if (push == pushes_.end() || one == nullptr) return;
  if (what.pause.count() > 0) turns_.hold(one->application, now.mono + what.pause);
  if (what.how == push_end::unanswered) {
    turns_.on_unanswered(push->second.device, now.mono);
    return on_unanswered(*one, push, what, now);
  }
  const auto device = pushes_.extract(push).mapped().device;
  const report_cause cause{nullptr, what.error_name, what.error_text};
  switch (what.how) {
  case push_end::taken:
    turns_.on_answer(device, true, now.mono);
    if (one->track.stage() == command_stage::pushing) progress_.on_taken(one->application, now.mono);
    move(*one, command_event::push_taken, {}, now);
    break;
  case push_end::refused:
    turns_.on_answer(device, false, now.mono);
    one->refused = one->refused || one->track.stage() == command_stage::pushing;
    move(*one, command_event::push_refused, cause, now);
    break;
  case push_end::later:
    turns_.on_later(device, what.pause, now.mono);
    move(*one, command_event::push_not_made, {}, now);
    break;
  case push_end::not_made:
    turns_.on_not_made(device, now.mono);
    move(*one, command_event::push_not_made, {}, now);
    break;
  case push_end::unanswered:
    break;
  }
  pump(now);
}

void commands::on_unanswered(command_entry& one, pushes::iterator push, const push_outcome& what,
                             moment now) {
  ++totals_.pushes_unanswered;
  if (one.track.stage() != command_stage::pushing) // a step has told it before
    return turns_.on_known(pushes_.extract(push).mapped().device, true, now.mono);
  push->second.unanswered = true;
  log::warning("downlink_unanswered", {{"application", one.what.to.application},
                                       {"device", one.what.to.device},
                                       {"command", one.what.id.str()},
                                       {"error", what.error_name}});
  looks_.ask(one.what.id, one.what.to, {what.began, what.ended, one.pushed->newest}, now.mono);
  senders_.on_unanswered(one);
  looks_.pump(now.mono);
}

void commands::on_clearing(const command_id& which, const push_outcome& what, moment now) {
  if (const auto over = clearings_.on_outcome(which, what, now.mono)) {
    queue_clearing said{clearing_end::done, what.error_name, what.error_text, 0};
    totals_.clearings += what.how == push_end::taken ? 1 : 0;
    if (what.how == push_end::taken)
      said.cancelled = leave_queue(over->of, nullptr, over->began, command_event::queue_cleared, now);
    else
      said.how = what.how == push_end::refused ? clearing_end::refused : clearing_end::unanswered;
    for (const auto& told : over->told)
      told(said);
  }
  if (closed_) clearings_.close(now.mono); // one that is to be tried again
  pump(now);
}

void commands::on_queue_read(const command_id& which, const queue_reading& what, moment now) {
  now_ = now.mono;
  if (const auto found = looks_.on_queue_read(which, what, now.mono)) on_finding(which, *found, now);
  looks_.pump(now.mono);
}

void commands::on_record_read(const command_id& which, const record_reading& what, moment now) {
  now_ = now.mono;
  if (const auto known = classes_.on_record_read(which, what, now.mono)) {
    if (known->class_a) turns_.hold_no_more(known->device, now.mono);
    return pump(now);
  }
  if (const auto found = looks_.on_record_read(which, what, now.mono)) on_finding(which, *found, now);
  looks_.pump(now.mono);
}

void commands::on_finding(const command_id& which, const command_looks::finding& found, moment now) {
  auto* const one = book_.find(which);
  if (one == nullptr) return;
  if (const auto* const push = std::get_if<push_finding>(&found))
    return move(*one, event_of(*push, has_spoken_meanwhile(*one, on_)), {}, now);
  one->asked_at = on_.time.seconds_at(now);
  const auto silent = std::get<silence_finding>(found);
  if (silent == silence_finding::nowhere) return move(*one, command_event::nothing_heard, {}, now);
  if (silent == silence_finding::pending) move(*one, command_event::found_scheduled, {}, now);
  schedule(*one, now);
}

} // namespace causeway::core
