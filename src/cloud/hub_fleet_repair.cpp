// SPDX-License-Identifier: Apache-2.0
// A hub's connections: made, lost, made again; and what follows when the hub is gone.
#include "cloud/hub_fleet.h"

#include "azure/limits.h"
#include "base/log.h"

#include <algorithm>

namespace causeway::cloud {
namespace {

constexpr backoff_policy reconnect{milliseconds{500}, milliseconds{60'000}, 2.0, 0.25};
// Connections to one hub are begun this far apart, so that a fleet that comes back is no storm of handshakes.
constexpr milliseconds between_openings{2};
// Connections that are replaced because of their tokens, one after another, or by chance.
constexpr std::chrono::minutes replacements_forgotten{10};
constexpr auto most_tokens = static_cast<std::uint32_t>(azure::max_tokens_per_connection);
// After so long without any connection the hub may have been replaced: DPS is asked, for one device
// (azure-iot-wire.md E.6: 15 to 30 minutes). A name that is gone says it sooner.
constexpr seconds suspicious{900}, suspicious_without_a_name{120};

} // namespace

bool hub_fleet::any_open() const {
  return std::any_of(lines_.begin(), lines_.end(), [](const auto& line) { return line->is_up(); });
}

bool hub_fleet::any_in_flight() const {
  return std::any_of(lines_.begin(), lines_.end(), [](const auto& line) {
    const auto* const open = line->open();
    return open != nullptr && open->in_flight() != 0;
  });
}

void hub_fleet::close() {
  queue_ = {};
  send_queue_ = {};
  sends_.clear();
  for (const auto& line : lines_)
    line->close();
}

bool hub_fleet::cut_one() {
  return std::any_of(lines_.begin(), lines_.end(), [](const auto& line) { return line->cut(); });
}

void hub_fleet::renew_tokens() {
  for (const auto& line : lines_)
    line->renew_tokens();
}

void hub_fleet::try_now() {
  const auto now = pool_.loop.now().mono;
  failures_ = trouble_failures_ = replacements_ = 0;
  next_try_ = next_trial_ = next_replacement_ = now;
  for (const auto& line : lines_)
    line->wake();
  work_.notify();
}

model::link_progress hub_fleet::progress(device_ref device) const {
  constexpr seconds a_moment{2};
  const auto now = pool_.loop.now().mono;
  const auto& who = pool_.at(device);
  const auto own = placement_.find(device);
  if (!own) return {};
  model::link_progress out;
  if (who.at == pool_member::stage::attached) {
    if (budgets_->day.is_used_up()) {
      out.fault = not_today(now);
      out.next_try = budgets_->day.next(now);
    } else {
      const bool queued = sends_.count(index_of(device)) != 0;
      out.waits_for = queued ? "its turn within the budget of sends" : "the hub's word on its message";
      if (!queued) out.since = who.taken_at;
    }
    return out;
  }
  if (who.at == pool_member::stage::queued || who.at == pool_member::stage::released) {
    if (trouble_) {
      out.fault = trouble_;
      if (next_trial_ > now) out.next_try = next_trial_;
      return out;
    }
    const bool queued = who.at == pool_member::stage::queued;
    const auto owed = queued || !lines_[*own]->is_up() ? std::string{} : lines_[*own]->waits_for();
    out.waits_for = queued         ? "its turn within the budget of connects"
                    : owed.empty() ? "the hub's answer to its token and its link"
                                   : owed;
    out.since = queued ? who.since : who.taken_at;
    return out;
  }
  // One line tries for all while nothing is open.
  const auto& line = *lines_[!any_open() && probe_ ? *probe_ : *own];
  const auto opens = std::max({next_try_, next_replacement_, mono_time{}});
  // What is under way now says more than how the try before it ended.
  if (auto doing = line.waits_for();
      !doing.empty() && (now - line.since() >= a_moment || !totals_.last_fault)) {
    out.waits_for = std::move(doing);
    out.since = line.since();
    return out;
  }
  out.fault = totals_.last_fault;
  if (opens > now) out.next_try = opens;
  return out;
}

bool hub_fleet::wants(const hub_line& which) {
  if (placement_.devices(which.index()) != 0) return true;
  if (!any_open() && (!probe_ || probe_ == which.index())) {
    // It will not try for the others.
    probe_.reset();
    for (const auto& line : lines_)
      if (placement_.devices(line->index()) != 0) line->wake();
  }
  return false;
}

mono_time hub_fleet::may_connect(hub_line& which, mono_time now) {
  if (std::max(next_try_, next_replacement_) > now) return std::max(next_try_, next_replacement_);
  if (failures_ != 0 && !any_open()) {
    // One tries for all.
    if (probe_ && *probe_ != which.index()) return mono_time::max();
    probe_ = which.index();
  }
  if (!which.slot) {
    which.slot = std::max(now, next_opening_);
    next_opening_ = *which.slot + between_openings;
  }
  return *which.slot;
}

void hub_fleet::on_made(hub_line& which) {
  ++totals_.connections_made;
  ++totals_.connections_open;
  placement_.reopened(which.index());
  if (rotating_ == which.index()) rotating_.reset(); // it has been opened anew by itself
}

void hub_fleet::on_open(hub_line& which, const hub::opened& how) {
  totals_.last_fault.reset();
  mute_closes_ = 0;
  failing_since_.reset();
  needs_attention_ = false;
  two_links_a_session_ = true;
  if (std::exchange(scout_, std::nullopt)) --pool_.scouts;
  log::info("hub_connected", {{"hub", address_.host},
                              {"connection", which.index()},
                              {"capacity", how.capacity},
                              {"peer", how.peer.container_id}});
  if (std::exchange(probe_, std::nullopt))
    for (const auto& line : lines_)
      if (line.get() != &which) line->wake();
  for (const auto moved : placement_.limit(which.index(), how.capacity))
    place(moved);
  for (const auto device : placement_.members(which.index()))
    if (const auto& who = pool_.at(device); who.at == pool_member::stage::placed) enqueue(device, who.since);
}

error hub_fleet::name_mute(error why) {
  constexpr std::uint32_t no_accident = 3;
  if (++mute_closes_ < no_accident) return why;
  return error{errc::hub_speaks_no_amqp, "it has closed the connection " + std::to_string(mute_closes_) +
                                             " times in a row without an answer to AMQP's header"};
}

// True: the connection that has refused it takes nobody any more, and the device is to have another one. That
// one is made no sooner than the shared back-off allows, and only for a connection that the hub has filled:
// where it has refused the first token already, or the same device twice, it means the device.
bool hub_fleet::moves_for_tokens(hub_line& which, device_ref device) {
  const auto now = pool_.loop.now().mono;
  const auto taken = which.open() == nullptr ? 0 : which.open()->attached_devices();
  if (taken == 0 || !moved_.insert(index_of(device)).second) return false;
  placement_.retire(which.index());
  if (now < next_replacement_) return true; // of the same connection, or one that has gone the same way
  // What the hub has taken, or half of what we thought: it may not always count the same.
  const auto half = std::min<std::uint32_t>(placement_.tokens_per_connection(), most_tokens) / 2;
  placement_.lower_tokens(std::max(static_cast<std::uint32_t>(taken), half));
  if (now - replaced_at_ > replacements_forgotten) replacements_ = 0;
  replaced_at_ = now;
  next_replacement_ = now + pause_after(reconnect, replacements_++, pool_.random());
  log::warning("hub_counts_tokens_differently",
               {{"hub", address_.host},
                {"connection", which.index()},
                {"taken", taken},
                {"tokens_a_connection", placement_.tokens_per_connection()},
                {"next_try_ms", std::chrono::duration_cast<milliseconds>(next_replacement_ - now).count()}});
  return true;
}

void hub_fleet::on_trouble(device_ref device, const error& why) {
  const auto now = pool_.loop.now().mono;
  on_probe_ended(device);
  if (trouble_ && now < next_trial_) return; // those that were under way
  if (!trouble_)
    log::error("hub_needs_attention", {{"hub", address_.host},
                                       {"devices", totals_.devices},
                                       {"error", why.name()},
                                       {"detail", why.detail()}});
  trouble_ = why;
  next_trial_ = now + pause_after(reconnect, trouble_failures_++, pool_.random());
}

void hub_fleet::on_probe_ended(device_ref device) {
  if (on_trial_ != device) return;
  on_trial_.reset();
  work_.notify();
}

void hub_fleet::on_gone(hub_line& which) {
  --totals_.connections_open;
  totals_.tokens_put += which.tokens_put();
}

void hub_fleet::on_lost(hub_line& which, const error& why, bool proven) {
  if (why.code() == errc::stopped) return placement_.reopened(which.index()); // closed by us
  const auto now = pool_.loop.now().mono;
  ++totals_.connections_lost;
  if (why.code() != errc::peer_closed && why.code() != errc::connection_lost &&
      why.code() != errc::hub_speaks_no_amqp)
    mute_closes_ = 0;
  totals_.last_fault = why;
  // Lines that are lost together count as one failure.
  if (proven && now >= next_try_) failures_ = 0;
  if (!failing_since_) failing_since_ = now;
  if (now >= next_try_) next_try_ = now + pause_after(reconnect, failures_++, pool_.random());
  probe_.reset();
  log::warning("hub_connection_lost",
               {{"hub", address_.host},
                {"connection", which.index()},
                {"error", why.name()},
                {"detail", why.detail()},
                {"next_try_ms", std::chrono::duration_cast<milliseconds>(next_try_ - now).count()}});
  const bool lasts = why.cls() == error_class::config || why.cls() == error_class::permanent;
  if (lasts && !std::exchange(needs_attention_, true))
    log::error("hub_needs_attention", {{"hub", address_.host},
                                       {"devices", totals_.devices},
                                       {"error", why.name()},
                                       {"detail", why.detail()}});
  // Where DPS gave the hub, it may know another one. Otherwise all stay and come back with the line, as soon
  // as somebody has mended what is wrong.
  if (section_.through_dps() && why.cls() == error_class::permanent) return give_up(why);
  const auto patience = why.code() == errc::name_unresolved ? suspicious_without_a_name : suspicious;
  // A scout that DPS refused does not come back: after a while another one goes.
  if (any_open() || now - *failing_since_ < patience || now < next_scout_) return;
  if (!section_.through_dps() || placement_.devices(which.index()) == 0) return;
  next_scout_ = now + suspicious;
  const auto scout = placement_.members(which.index()).front();
  if (!scout_) ++pool_.scouts;
  scout_ = scout;
  log::warning("hub_suspected_gone", {{"hub", address_.host}, {"identity", pool_.at(scout).identity}});
  forget(scout);
  pool_.bridge->on_device_detached(scout, error{errc::hub_not_found, why.message()}, false, pool_.loop.now());
}

void hub_fleet::on_scout_told(bool another_hub) {
  if (std::exchange(scout_, std::nullopt)) --pool_.scouts;
  if (!another_hub) return;
  give_up(error{errc::hub_not_found, "DPS has given another device of this hub a new one"});
}

void hub_fleet::give_up(const error& why) {
  std::vector<device_ref> members; // a copy: the core may attach them again at once
  for (const auto& line : lines_)
    if (line->open() == nullptr)
      members.insert(members.end(), placement_.members(line->index()).begin(),
                     placement_.members(line->index()).end());
  for (const auto device : members) {
    forget(device);
    pool_.bridge->on_device_detached(device, why, false, pool_.loop.now());
  }
}

} // namespace causeway::cloud
