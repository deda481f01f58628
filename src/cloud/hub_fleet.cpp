// SPDX-License-Identifier: Apache-2.0
// A hub's devices and their turns. What happens when its connections fail is in hub_fleet_repair.cpp.
#include "cloud/hub_fleet.h"

#include "base/check.h"
#include "base/log.h"

#include <algorithm>
#include <limits>

namespace causeway::cloud {
namespace {

// A turn of the pacer serves all whose time has come; more turns than this a second would cost more than they
// smooth.
constexpr milliseconds shortest_turn{5};
// Messages that wait for the budget of sends; beyond, they are handed back and wait in the spool.
constexpr std::size_t most_waiting_sends = 10'000, most_waiting_bytes = 32 * 1024 * 1024;
constexpr milliseconds pause_if_not_told{1'000};
// A share of the devices that moves at once when a connection is replaced.
constexpr std::size_t moved_at_once = 20;
constexpr milliseconds rotation_turn{100};
constexpr seconds between_rotations{10};

hub::placement make_placement(hub::auth mode) {
  hub::placement_options options;
  if (mode == hub::auth::policy) options.tokens_per_connection = std::numeric_limits<std::uint32_t>::max();
  return hub::placement{options};
}

// Of a device's refusals, those that are no device's own: the machine's trouble, or the hub's settings.
bool is_everybodys(errc code) {
  return code == errc::clock_skew || code == errc::local_authentication_off;
}

} // namespace

bool hub_budgets::take_send(mono_time now) {
  if (!day.is_open(now) || !sends.take(now)) return false;
  day.on_send(now);
  return true;
}

hub_fleet::hub_fleet(pool_state& pool, const azure_section& section, azure::hub_address address,
                     std::shared_ptr<hub_budgets> budgets)
    : pool_{pool},
      section_{section},
      address_{std::move(address)},
      tokens_{section, address_, pool.clocks},
      budgets_{std::move(budgets)},
      placement_{make_placement(tokens_.mode())},
      work_{pool.loop} {
  pool_.tasks.spawn("hub.pace " + address_.host, net::restart_policy::on_fault, [this] { return pace(); });
}

hub_fleet::~hub_fleet() = default;

hub_line& hub_fleet::line_of(device_ref device) {
  return *lines_[placement_.find(device).value()];
}

void hub_fleet::on_over(hub_line& which) {
  for (const auto device : placement_.members(which.index()))
    if (auto& who = pool_.at(device); who.at == pool_member::stage::queued) {
      queue_.remove(device);
      who.at = pool_member::stage::placed;
    }
}

void hub_fleet::attach(device_ref device) {
  if (totals_.devices == 0) failing_since_.reset();
  pool_.at(device).since = pool_.loop.now().mono;
  ++totals_.devices;
  place(device);
}

void hub_fleet::place(device_ref device) {
  auto& who = pool_.at(device);
  who.at = pool_member::stage::placed;
  const auto number = placement_.place(device);
  while (lines_.size() <= number) {
    lines_.push_back(std::make_unique<hub_line>(pool_, *this, static_cast<std::uint32_t>(lines_.size())));
    lines_.back()->start();
  }
  auto& line = *lines_[number];
  if (line.open() != nullptr)
    enqueue(device, who.since);
  else
    line.wake();
}

void hub_fleet::enqueue(device_ref device, mono_time since) {
  auto& who = pool_.at(device);
  who.at = pool_member::stage::queued;
  who.since = since;
  queue_.push(device, who.lane, who.urgent, placement_.find(device).value_or(0));
  work_.notify();
}

void hub_fleet::release(device_ref device, mono_time now) {
  auto& who = pool_.at(device);
  auto& line = line_of(device);
  if (line.open() == nullptr) { // it waits for the next connection
    who.at = pool_member::stage::placed;
    return;
  }
  who.at = pool_member::stage::released;
  who.taken_at = now;
  ++totals_.connects;
  line.open()->attach(device, who.identity, {pool_.models.at(who.model), who.commands}, pool_.loop.now());
  line.flush();
}

void hub_fleet::forget(device_ref device) {
  auto& who = pool_.at(device);
  if (who.at == pool_member::stage::attached) --totals_.attached;
  pool_.disown(device);
  who = {};
  --totals_.devices;
  queue_.remove(device);
  if (send_queue_.remove(device)) {
    const auto waiting = sends_.extract(index_of(device));
    send_bytes_ -= model::size_of(waiting.mapped().what);
  }
  on_probe_ended(device);
  const auto connection = placement_.find(device);
  static_cast<void>(placement_.remove(device));
  if (connection) consider_rotation(*connection);
}

void hub_fleet::detach(device_ref device) {
  auto& line = line_of(device);
  forget(device);
  if (auto* on = line.open()) {
    on->detach(device, pool_.loop.now());
    line.flush();
  }
}

void hub_fleet::hurry(device_ref device) {
  pool_.at(device).urgent = true;
  queue_.promote(device);
}

void hub_fleet::send(device_ref device, spool_seq seq, const model::message& what) {
  auto& who = pool_.at(device);
  CAUSEWAY_CHECK(who.at == pool_member::stage::attached);
  const auto now = pool_.loop.now().mono;
  who.sending = true;
  // Its connection has ended, and this is answered by the device's own detach, which is among the last
  // events.
  if (line_of(device).open() == nullptr) return;
  if (send_queue_.empty() && budgets_->take_send(now)) return send_now(device, seq, what, now);
  if (sends_.size() >= most_waiting_sends || send_bytes_ >= most_waiting_bytes) {
    if (budgets_->day.is_used_up()) return line_of(device).refuse({device, seq, not_today(now)});
    error full{errc::hub_throttled, "the budget of messages a second is used up"};
    // Spread, or all that were handed back would be here again in the same moment.
    const milliseconds pause{1'000 + static_cast<std::int64_t>(4'000.0 * pool_.random())};
    line_of(device).refuse({device, seq, std::move(full).with_retry_after(pause)});
    return;
  }
  sends_.insert_or_assign(index_of(device), pending_send{seq, what});
  send_bytes_ += model::size_of(what);
  send_queue_.push(device, who.lane, false);
  work_.notify();
}

// With a pause that ends, spread over some time, when the quota is asked after again.
error hub_fleet::not_today(mono_time now) const {
  constexpr double spread = 0.25;
  const auto until = std::chrono::duration<double, std::milli>(budgets_->day.next(now) - now).count();
  const milliseconds pause{1'000 + static_cast<std::int64_t>(until * (1.0 + spread * pool_.random()))};
  return error{errc::hub_quota_exceeded, address_.host}.with_retry_after(pause);
}

void hub_fleet::send_now(device_ref device, spool_seq seq, const model::message& what, mono_time now) {
  pool_.at(device).taken_at = now;
  auto& line = line_of(device);
  if (auto taken = line.open()->send(device, seq, what, pool_.loop.now()); !taken)
    line.refuse({device, seq, std::move(taken).fault()});
  line.flush();
}

void hub_fleet::on_not_sent(const hub::sent& what) {
  if (auto* who = pool_.find(what.device); who != nullptr && who->hub == this) who->sending = false;
  pool_.bridge->on_send_outcome(what.device, what.seq, what.outcome, pool_.loop.now());
}

void hub_fleet::on_sent(const hub::sent& what) {
  auto* who = pool_.find(what.device);
  if (who != nullptr && who->hub == this) {
    who->sending = false;
    const auto now = pool_.loop.now();
    if (what.outcome) {
      if (budgets_->day.on_accepted()) {
        log::info("hub_quota_renewed", {{"hub", address_.host}});
        work_.notify();
      }
    } else if (what.outcome.fault().code() == errc::hub_quota_exceeded) {
      if (budgets_->day.on_refused(now))
        log::warning("hub_quota_used_up",
                     {{"hub", address_.host}, {"detail", what.outcome.fault().detail()}});
      ++totals_.sends_refused;
      return pool_.bridge->on_send_outcome(what.device, what.seq, not_today(now.mono), now);
    } else if (what.outcome.fault().code() == errc::hub_throttled) {
      const auto pause = what.outcome.fault().retry_after().value_or(pause_if_not_told);
      budgets_->sends.refused(who->taken_at, pause, now.mono);
      ++totals_.sends_refused;
    }
  }
  pool_.bridge->on_send_outcome(what.device, what.seq, what.outcome, pool_.loop.now());
}

void hub_fleet::on_attached(hub_line& which, const hub::attached& what) {
  auto* who = pool_.find(what.device);
  if (who == nullptr || who->hub != this || who->at != pool_member::stage::released) return;
  who->at = pool_member::stage::attached;
  who->urgent = false;
  moved_.erase(index_of(what.device));
  if (trouble_) {
    trouble_.reset();
    trouble_failures_ = 0;
    on_trial_.reset();
    work_.notify();
  }
  ++totals_.attached;
  const auto now = pool_.loop.now();
  // The turn at $cbs is waited for on the line itself.
  const auto begun = now.mono - what.attach - what.cbs;
  pool_.note(model::phase::hub_queue, who->since, begun - who->since, what.device, which.number());
  if (what.cbs.count() != 0) pool_.note(model::phase::cbs, begun, what.cbs, what.device, which.number());
  pool_.note(model::phase::attach, now.mono - what.attach, what.attach, what.device, which.number());
  pool_.bridge->on_device_attached(what.device, now);
}

void hub_fleet::on_detached(hub_line& which, const hub::detached& what, bool line_is_over) {
  auto* who = pool_.find(what.device);
  if (who == nullptr || who->hub != this || &line_of(what.device) != &which) return;
  // We asked for it: the device has been placed anew meanwhile.
  if (!line_is_over && what.why.code() == errc::stopped) return;
  const auto now = pool_.loop.now();
  const bool was_released = who->at == pool_member::stage::released;
  const bool was_attached = who->at == pool_member::stage::attached;
  if (was_attached) --totals_.attached;
  who->at = pool_member::stage::placed;
  if (send_queue_.remove(what.device)) {
    const auto waiting = sends_.extract(index_of(what.device));
    send_bytes_ -= model::size_of(waiting.mapped().what);
  }
  who->sending = false;
  if (was_released && !line_is_over)
    pool_.note(model::phase::attach, who->taken_at, now.mono - who->taken_at, what.device, which.number(),
               what.why.code());
  on_probe_ended(what.device);
  if (line_is_over) {
    queue_.remove(what.device);
    who->since = now.mono;
    return pool_.bridge->on_device_detached(what.device, what.why, true, now);
  }
  if (was_released && what.why.code() == errc::hub_throttled) {
    budgets_->connects.refused(who->taken_at, what.why.retry_after().value_or(pause_if_not_told), now.mono);
    ++totals_.connects_refused;
    return enqueue(what.device, now.mono);
  }
  if (what.of_policy) {
    // A new token is on its way, and the device waits for it on its line.
    if (was_attached) pool_.bridge->on_device_detached(what.device, what.why, true, now);
    return enqueue(what.device, now.mono);
  }
  if (was_released && is_everybodys(what.why.code())) {
    on_trouble(what.device, what.why);
    return enqueue(what.device, who->since);
  }
  if (was_released && what.why.code() == errc::hub_token_limit && moves_for_tokens(which, what.device)) {
    static_cast<void>(placement_.remove(what.device));
    who->since = now.mono;
    return place(what.device);
  }
  const auto name = who->identity;
  forget(what.device);
  if (const auto more = detached_log_.admit(what.why.code(), now.mono))
    log::warning("device_detached", {{"hub", address_.host},
                                     {"identity", name},
                                     {"error", what.why.name()},
                                     {"detail", what.why.detail()},
                                     {"more", *more}});
  pool_.bridge->on_device_detached(what.device, what.why, false, now);
}

net::task<> hub_fleet::pace() {
  while (!pool_.closing) {
    const auto now = pool_.loop.now().mono;
    pace_connects(now);
    pace_sends(now);
    auto next = mono_time::max();
    if (!queue_.empty() && !on_trial_)
      next = std::max({budgets_->connects.next(now), now + shortest_turn, trouble_ ? next_trial_ : now});
    if (!send_queue_.empty())
      next =
          std::min(next, std::max({budgets_->sends.next(now), budgets_->day.next(now), now + shortest_turn}));
    if (rotate_some(now)) next = std::min(next, now + rotation_turn);
    if (next == mono_time::max()) {
      const bool going_on = co_await work_.wait();
      if (!going_on) co_return;
    } else {
      static_cast<void>(co_await work_.wait_until(next));
    }
  }
}

void hub_fleet::pace_connects(mono_time now) {
  if (trouble_) {
    if (on_trial_ || now < next_trial_ || queue_.empty() || !budgets_->connects.take(now)) return;
    const auto device = *queue_.pop();
    on_trial_ = device;
    release(device, now);
    if (pool_.at(device).at != pool_member::stage::released) on_trial_.reset();
    return;
  }
  while (!queue_.empty() && budgets_->connects.take(now))
    release(*queue_.pop(), now);
}

void hub_fleet::pace_sends(mono_time now) {
  while (!send_queue_.empty() && budgets_->take_send(now)) {
    const auto device = *send_queue_.pop();
    const auto waiting = sends_.extract(index_of(device));
    send_bytes_ -= model::size_of(waiting.mapped().what);
    send_now(device, waiting.mapped().seq, waiting.mapped().what, now);
  }
}

// Opening a connection anew gives back the places of devices that have left: worth it when a tenth is lost.
void hub_fleet::consider_rotation(std::uint32_t connection) {
  const auto now = pool_.loop.now().mono;
  if (rotating_ || pool_.closing || now < next_rotation_ || !placement_.spent(connection)) return;
  if (placement_.devices(connection) * 10 > hub::placement_options{}.devices_per_connection * 9) return;
  rotating_ = connection;
  next_rotation_ = now + between_rotations;
  placement_.retire(connection);
  log::info("hub_connection_rotates", {{"hub", address_.host},
                                       {"connection", connection},
                                       {"devices", placement_.devices(connection)},
                                       {"authorised", placement_.authorised(connection)}});
  work_.notify();
}

// Moves some of the devices that have nothing under way. True while there is more to do.
bool hub_fleet::rotate_some(mono_time now) {
  if (!rotating_) return false;
  if (!queue_.empty()) return true; // who is offline comes first
  auto& line = *lines_[*rotating_];
  auto* on = line.open();
  std::vector<device_ref> moving;
  for (const auto device : placement_.members(*rotating_))
    if (!pool_.at(device).sending && moving.size() < moved_at_once) moving.push_back(device);
  for (const auto device : moving) {
    auto& who = pool_.at(device);
    if (who.at == pool_member::stage::attached) {
      --totals_.attached;
      pool_.bridge->on_device_detached(device, error{errc::hub_interrupted, "moves to another connection"},
                                       true, pool_.loop.now());
    }
    if (on != nullptr) on->detach(device, pool_.loop.now());
    static_cast<void>(placement_.remove(device));
    who.since = now;
    place(device);
  }
  line.flush();
  if (placement_.devices(*rotating_) != 0) return true;
  line.close();
  ++totals_.connections_rotated;
  rotating_.reset();
  return false;
}

hub_totals hub_fleet::totals() const {
  auto out = totals_;
  for (const auto& line : lines_)
    out.tokens_put += line->tokens_put();
  if (trouble_ && !out.last_fault) out.last_fault = trouble_;
  out.queued = queue_.size();
  out.sends_waiting = sends_.size();
  out.connects_limit = budgets_->connects.limit();
  out.connects_ceiling = budgets_->connects.ceiling();
  out.sends_limit = budgets_->sends.limit();
  out.sends_ceiling = budgets_->sends.ceiling();
  const auto now = pool_.loop.now().mono;
  const auto seconds_until = [now](mono_time when) {
    return when > now ? std::chrono::duration<double>(when - now).count() : 0.0;
  };
  out.connects_held = seconds_until(budgets_->connects.held_until());
  out.quota_used_up = budgets_->day.is_used_up();
  out.sends_held = seconds_until(std::max(budgets_->sends.held_until(), budgets_->day.next(now)));
  return out;
}

} // namespace causeway::cloud
