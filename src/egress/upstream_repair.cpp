// SPDX-License-Identifier: Apache-2.0
// A hub's connections: made, lost, made again; and what follows when the hub is gone.
#include "egress/upstream.h"

#include "base/log.h"

#include <algorithm>

namespace causeway::egress {
namespace {

constexpr backoff_policy reconnect{milliseconds{500}, milliseconds{60'000}, 2.0, 0.25};
// Connections to one hub are begun this far apart, so that a fleet that comes back is no storm of handshakes.
constexpr milliseconds between_openings{2};
// After so long without any connection the hub may have been replaced: DPS is asked, for one device
// (azure-iot-wire.md E.6: 15 to 30 minutes). A name that is gone says it sooner.
constexpr seconds suspicious{900}, suspicious_without_a_name{120};

} // namespace

bool upstream::any_open() const {
  return std::any_of(lines_.begin(), lines_.end(), [](const auto& line) { return line->is_up(); });
}

bool upstream::any_in_flight() const {
  return std::any_of(lines_.begin(), lines_.end(), [](const auto& line) {
    const auto* const open = line->open();
    return open != nullptr && open->in_flight() != 0;
  });
}

void upstream::close() {
  queue_ = {};
  send_queue_ = {};
  sends_.clear();
  for (const auto& line : lines_)
    line->close();
}

bool upstream::wants(const hub_line& which) {
  if (placement_.devices(which.index()) != 0) return true;
  if (!any_open() && (!probe_ || probe_ == which.index())) {
    // It will not try for the others.
    probe_.reset();
    for (const auto& line : lines_)
      if (placement_.devices(line->index()) != 0) line->wake();
  }
  return false;
}

mono_time upstream::may_connect(hub_line& which, mono_time now) {
  if (next_try_ > now) return next_try_;
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

void upstream::on_made(hub_line& which) {
  ++totals_.connections_made;
  ++totals_.connections_open;
  placement_.reopened(which.index());
  if (rotating_ == which.index()) rotating_.reset(); // it has been opened anew by itself
}

void upstream::on_open(hub_line& which, const hub::opened& how) {
  totals_.last_fault.reset();
  failing_since_.reset();
  needs_attention_ = false;
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

void upstream::on_gone(hub_line& which) {
  --totals_.connections_open;
  totals_.tokens_put += which.tokens_put();
}

void upstream::on_lost(hub_line& which, const error& why, bool proven) {
  if (why.code() == errc::stopped) return placement_.reopened(which.index()); // closed by us
  const auto now = pool_.loop.now().mono;
  ++totals_.connections_lost;
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

void upstream::on_scout_told(bool another_hub) {
  if (std::exchange(scout_, std::nullopt)) --pool_.scouts;
  if (!another_hub) return;
  give_up(error{errc::hub_not_found, "DPS has given another device of this hub a new one"});
}

void upstream::give_up(const error& why) {
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

} // namespace causeway::egress
