// SPDX-License-Identifier: Apache-2.0
// A hub's devices and their turns. What happens to its lines is in fleet_lines.cpp.
#include "hub/fleet.h"

#include "base/check.h"
#include "base/log.h"

#include <algorithm>
#include <limits>

namespace causeway::hub {
namespace {

// A turn serves all whose time has come; more turns than this a second would cost more than they smooth.
constexpr milliseconds shortest_turn{5};
// A share of the devices that moves at once when a connection is replaced.
constexpr std::size_t moved_at_once = 20;
constexpr milliseconds rotation_turn{100};

void send_now(fleet_context& context, line& on, device_ref device, spool_seq seq, const model::message& what,
              moment now) {
  context.devices.at(device).taken_at = now.mono;
  if (auto taken = on.open()->send(device, seq, what, now); !taken)
    on.refuse({device, seq, std::move(taken).fault()});
  context.orders.flush(on);
}

placement make_placement(auth mode) {
  placement_options options;
  if (mode == auth::policy) options.tokens_per_connection = std::numeric_limits<std::uint32_t>::max();
  return placement{options};
}

} // namespace

fleet::fleet(fleet_context& context, std::shared_ptr<const fleet_terms> terms, azure::hub_address address,
             std::shared_ptr<hub_budgets> budgets)
    : context_{context},
      terms_{std::move(terms)},
      where_{std::move(address)},
      signing_{terms_->keys_of(where_.address)},
      placement_{make_placement(signing_.mode())},
      connects_{budgets, context.random},
      sends_{where_.address.host, budgets, context.random},
      outage_{context.random},
      moves_{context.random} {}

void fleet::take_terms(std::shared_ptr<const fleet_terms> terms) {
  terms_ = std::move(terms);
  if (!signing_.take(terms_->keys_of(where_.address))) return;
  if (signing_.mode() == auth::device_keys)
    placement_.lower_tokens(placement_options{}.tokens_per_connection);
  for (const auto& line : lines_)
    if (line->is_up()) context_.orders.cut(*line); // its devices come back with the next one
}

void fleet::stir() {
  if (due_ == mono_time::min()) return;
  due_ = mono_time::min();
  context_.orders.wake();
}

void fleet::attach(device_ref device, mono_time now) {
  if (totals_.devices == 0) outage_.on_first_device();
  context_.devices.at(device).since = now;
  ++totals_.devices;
  place(device);
}

void fleet::place(device_ref device) {
  auto& who = context_.devices.at(device);
  who.at = member::stage::placed;
  const auto number = placement_.place(device);
  while (lines_.size() <= number)
    lines_.add(context_.lines++);
  if (lines_.at(number).open() != nullptr)
    enqueue(device, who.since);
  else
    stir(); // for its line
}

void fleet::enqueue(device_ref device, mono_time since) {
  auto& who = context_.devices.at(device);
  who.at = member::stage::queued;
  who.since = since;
  connects_.push(device, who.lane, who.urgent, placement_.find(device).value_or(0));
  stir();
}

void fleet::release(device_ref device, moment now) {
  auto& who = context_.devices.at(device);
  auto& line = line_of(device);
  auto* const on = line.open();
  if (on == nullptr) { // it waits for the next connection
    who.at = member::stage::placed;
    static_cast<void>(connects_.on_ended(device));
    return;
  }
  who.at = member::stage::released;
  who.taken_at = now.mono;
  ++totals_.connects;
  on->attach(device, who.identity, {context_.devices.model_of(who), who.commands, who.methods, who.twin},
             now);
  context_.orders.flush(line);
}

void fleet::forget(device_ref device, mono_time now) {
  if (context_.devices.at(device).at == member::stage::attached) --totals_.attached;
  context_.devices.remove(device, where_.name);
  --totals_.devices;
  connects_.remove(device);
  sends_.remove(device);
  if (connects_.on_ended(device)) stir();
  const auto connection = placement_.find(device);
  static_cast<void>(placement_.remove(device));
  if (!connection || context_.closing || leaving_) return;
  if (placement_.devices(*connection) == 0 && placement_.spent(*connection) &&
      rotation_.connection() != *connection) {
    empty_.push_back(*connection);
    return stir();
  }
  if (!rotation_.begin_if_worth_it(placement_, *connection, now)) return;
  log::info("hub_connection_rotates", {{"hub", where_.address.host},
                                       {"connection", *connection},
                                       {"devices", placement_.devices(*connection)},
                                       {"authorised", placement_.authorised(*connection)}});
  stir();
}

void fleet::detach(device_ref device, moment now) {
  auto& line = line_of(device);
  forget(device, now.mono);
  if (auto* const on = line.open()) {
    on->detach(device, now);
    context_.orders.flush(line);
  }
}

void fleet::hurry(device_ref device) {
  context_.devices.at(device).urgent = true;
  connects_.promote(device);
}

void fleet::send(device_ref device, spool_seq seq, const model::message& what, moment now) {
  auto& who = context_.devices.at(device);
  CAUSEWAY_CHECK(who.at == member::stage::attached);
  who.sending = true;
  auto& line = line_of(device);
  // Its connection has ended, and this is answered by the device's own detach, which is among the last
  // events.
  if (line.open() == nullptr) return;
  auto turn = sends_.offer(device, who.lane, seq, what, now.mono);
  if (!turn) {
    line.refuse({device, seq, std::move(turn).fault()});
    return context_.orders.flush(line);
  }
  if (*turn) return send_now(context_, line, device, seq, what, now);
  stir();
}

void fleet::on_event(line&, const sent& what, moment now) {
  auto* const who = context_.devices.find(what.device);
  if (who != nullptr && who->hub == this) {
    who->sending = false;
    if (!what.outcome) {
      const auto why = sends_.on_refused(what.outcome.fault(), who->taken_at, now);
      return context_.events.on_send_outcome(what.device, what.seq, why, now);
    }
    if (sends_.on_accepted()) stir();
  }
  context_.events.on_send_outcome(what.device, what.seq, what.outcome, now);
}

void fleet::on_event(line& which, const attached& what, moment now) {
  auto* const who = context_.devices.find(what.device);
  if (who == nullptr || who->hub != this || who->at != member::stage::released) return;
  who->at = member::stage::attached;
  who->urgent = false;
  moves_.on_attached(what.device);
  if (connects_.on_attached()) stir();
  ++totals_.attached;
  // The turn at $cbs is waited for on the line itself.
  const auto begun = now.mono - what.attach - what.cbs;
  context_.note(model::phase::hub_queue, who->since, begun - who->since, what.device, which.number());
  if (what.cbs.count() != 0) context_.note(model::phase::cbs, begun, what.cbs, what.device, which.number());
  context_.note(model::phase::attach, now.mono - what.attach, what.attach, what.device, which.number());
  context_.events.on_device_attached(what.device, now);
}

void fleet::on_event(line& which, const detached& what, moment now) {
  auto* const who = context_.devices.find(what.device);
  if (who == nullptr || who->hub != this || &line_of(what.device) != &which) return;
  const bool line_is_over = which.is_over();
  // We asked for it: the device has been placed anew meanwhile.
  if (!line_is_over && what.why.code() == errc::stopped) return;
  const bool was_released = who->at == member::stage::released;
  const bool was_attached = who->at == member::stage::attached;
  if (was_attached) --totals_.attached;
  who->at = member::stage::placed;
  sends_.remove(what.device);
  who->sending = false;
  if (was_released && !line_is_over)
    context_.note(model::phase::attach, who->taken_at, now.mono - who->taken_at, what.device, which.number(),
                  what.why.code());
  if (connects_.on_ended(what.device)) stir();
  if (line_is_over) {
    who->since = now.mono;
    return context_.events.on_device_detached(what.device, what.why, true, now);
  }
  if (stays(which, what, was_released, now.mono)) {
    if (was_attached) context_.events.on_device_detached(what.device, what.why, true, now);
    return;
  }
  const auto identity = who->identity;
  forget(what.device, now.mono);
  if (const auto more = detached_log_.admit(what.why.code(), now.mono))
    log::warning("device_detached", {{"hub", where_.address.host},
                                     {"identity", identity},
                                     {"error", what.why.name()},
                                     {"detail", what.why.detail()},
                                     {"more", *more}});
  context_.events.on_device_detached(what.device, what.why, false, now);
}

bool fleet::stays(line& which, const detached& what, bool was_released, mono_time now) {
  auto& who = context_.devices.at(what.device);
  if (was_released && what.why.code() == errc::hub_throttled) {
    connects_.on_throttled(what.why, who.taken_at, now);
    enqueue(what.device, now);
    return true;
  }
  if (what.of_policy) { // a new token is on its way, and the device waits for it on its line
    enqueue(what.device, now);
    return true;
  }
  if (was_released && is_everybodys(what.why.code())) {
    if (connects_.on_trouble(what.device, what.why, now))
      log_attention(where_.address.host, totals_.devices, what.why);
    enqueue(what.device, who.since);
    return true;
  }
  if (!was_released || what.why.code() != errc::hub_token_limit) return false;
  const auto taken = which.open() == nullptr ? 0 : which.open()->attached_devices();
  const auto meaning = moves_.on_refused(placement_, which.index(), taken, what.device, now);
  if (meaning == token_moves::meaning::the_device) return false;
  if (meaning == token_moves::meaning::fewer_tokens)
    log::warning("hub_counts_tokens_differently",
                 {{"hub", where_.address.host},
                  {"connection", which.index()},
                  {"taken", taken},
                  {"tokens_a_connection", placement_.tokens_per_connection()},
                  {"next_try_ms", std::chrono::duration_cast<milliseconds>(moves_.next() - now).count()}});
  static_cast<void>(placement_.remove(what.device));
  who.since = now;
  place(what.device);
  return true;
}

void fleet::advance(moment now) {
  if (due_ > now.mono || context_.closing) return;
  due_ = mono_time::max(); // what is asked for meanwhile is for the next turn
  if (leaving_) return go_on_leaving(now);
  if (std::exchange(hub_is_another_, false))
    give_up(error{errc::hub_not_found, "DPS has given another device of this hub a new one"}, now);
  while (const auto device = connects_.take(now.mono))
    release(*device, now);
  while (auto waiting = sends_.take(now.mono))
    send_now(context_, line_of(waiting->device), waiting->device, waiting->seq, waiting->what, now);
  const auto turn = [&](mono_time next) {
    return next == mono_time::max() ? next : std::max(next, now.mono + shortest_turn);
  };
  const auto rotates = rotate_some(now);
  due_ = std::min(
      {due_, turn(connects_.next(now.mono)), turn(sends_.next(now.mono)), rotates, open_lines(now.mono)});
}

// Moves some of the devices that have nothing under way. When to go on.
mono_time fleet::rotate_some(moment now) {
  const auto close_empty = [&](line& which) {
    if (which.is_up()) which.close(now);
    context_.orders.flush(which);
    ++totals_.connections_rotated;
  };
  for (const auto number : std::exchange(empty_, {})) // these need no turn: there is nobody to move
    if (auto& used_up = lines_.at(number); placement_.devices(number) == 0 && used_up.is_up())
      close_empty(used_up);
  if (!rotation_.connection()) return mono_time::max();
  if (!connects_.empty()) return now.mono + rotation_turn; // who is offline comes first
  const auto number = *rotation_.connection();
  auto& line = lines_.at(number);
  std::vector<device_ref> moving;
  for (const auto device : placement_.members(number))
    if (!context_.devices.at(device).sending && moving.size() < moved_at_once) moving.push_back(device);
  for (const auto device : moving) {
    auto* const who = context_.devices.find(device);
    // The owner has thought again, when it heard of another one.
    if (who == nullptr || who->hub != this) continue;
    const bool was_attached = who->at == member::stage::attached;
    if (was_attached) --totals_.attached;
    if (auto* const on = line.open()) on->detach(device, now);
    static_cast<void>(placement_.remove(device));
    who->since = now.mono;
    place(device);
    if (was_attached)
      context_.events.on_device_detached(device, error{errc::hub_interrupted, "moves to another connection"},
                                         true, now);
  }
  context_.orders.flush(line);
  if (placement_.devices(number) != 0) return now.mono + rotation_turn;
  close_empty(line);
  rotation_.end();
  return mono_time::max();
}

} // namespace causeway::hub
