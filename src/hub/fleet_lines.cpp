// SPDX-License-Identifier: Apache-2.0
// A hub's connections: made, lost, made again; and what follows when the hub is gone.
#include "hub/fleet.h"

#include "base/encoding.h"
#include "base/log.h"
#include "hub/command_telling.h"

#include <algorithm>

namespace causeway::hub {

// When one may be opened next.
mono_time fleet::open_lines(mono_time now) {
  if (const auto probe = outage_.probe();
      probe && lines_.at(*probe).is_idle() && placement_.devices(*probe) == 0)
    outage_.on_unwanted(*probe);
  const bool is_any_up = lines_.any_up();
  auto next = mono_time::max();
  for (const auto& line : lines_) {
    if (!line->is_idle() || placement_.devices(line->index()) == 0) continue;
    const auto start = outage_.may_connect(line->index(), line->slot, is_any_up, moves_.next(), now);
    if (start > now) {
      next = std::min(next, start);
      continue;
    }
    line->begin_connecting(now);
    context_.orders.open(*this, *line);
  }
  return next;
}

bool fleet::line_opened(line& which, const stream_steps& took, moment now) {
  if (context_.closing || leaving_) {
    which.end();
    return false;
  }
  const auto number = ++context_.connections;
  const auto begun = which.since();
  context_.note(model::phase::dns, begun, took.dns, {}, number);
  context_.note(model::phase::tcp, begun + took.dns, took.tcp, {}, number);
  context_.note(model::phase::tls, begun + took.dns + took.tcp, took.tls, {}, number);
  connection_options options;
  options.host = where_.address.id();
  options.container_id = "causeway-" + hex_encode(std::to_string(now.wall.time_since_epoch().count())) + "-" +
                         std::to_string(number);
  options.mode = signing_.mode();
  options.client_version = context_.client_version;
  options.two_links_a_session = two_links_a_session_;
  options.takes_c2d = context_.takes_c2d;
  options.first_delivery = std::uint64_t{number} << 32; // no connection is given as many
  which.begin(number, std::move(options), signing_.tokens(), now);
  ++totals_.connections_made;
  ++totals_.connections_open;
  placement_.reopened(which.index());
  rotation_.on_opened(which.index());
  return true;
}

void fleet::line_events(line& which, moment now) {
  for (const auto& refused : which.take_refused()) {
    if (auto* who = context_.devices.find(refused.device); who != nullptr && who->hub == this)
      who->sending = false;
    context_.events.on_send_outcome(refused.device, refused.seq, refused.outcome, now);
  }
  // What the core does now goes to the next connection.
  if (which.notice_end())
    for (const auto device : placement_.members(which.index()))
      if (auto& who = context_.devices.at(device); who.at == member::stage::queued) {
        connects_.remove(device);
        who.at = member::stage::placed;
      }
  for (const auto& next : which.take_events())
    std::visit([&](const auto& what) { on_event(which, what, now); }, next);
  tell_commands(context_, *this, which.take_commands(), detached_log_, now);
}

void fleet::on_event(line& which, const opened& what, moment now) {
  which.on_opened(now.mono);
  context_.note(model::phase::open, now.mono - what.cbs - what.open, what.open, {}, which.number());
  context_.note(model::phase::cbs_link, now.mono - what.cbs, what.cbs, {}, which.number());
  totals_.last_fault.reset();
  outage_.on_open();
  two_links_a_session_ = true;
  if (std::exchange(scout_, std::nullopt)) --context_.scouts;
  log::info("hub_connected", {{"hub", where_.address.host},
                              {"connection", which.index()},
                              {"capacity", what.capacity},
                              {"peer", what.peer.container_id}});
  for (const auto moved : placement_.limit(which.index(), what.capacity))
    place(moved);
  for (const auto device : placement_.members(which.index()))
    if (const auto& who = context_.devices.at(device); who.at == member::stage::placed)
      enqueue(device, who.since);
  stir(); // for the lines that have waited for this one
}

void fleet::on_event(line& which, const closed& what, moment) {
  which.on_closed(what.why);
}

void fleet::line_lost(line& which, const error& why, moment now) {
  auto fault = why;
  bool proven = false;
  if (which.is_up()) {
    which.on_stream_end(why, now);
    line_events(which, now);
    proven = which.has_lasted(now.mono);
    fault = which.fault().value_or(why);
    const bool closed = fault.code() == errc::peer_closed || fault.code() == errc::connection_lost;
    if (closed && which.is_mute() && terms_->tls) fault = outage_.name_mute(std::move(fault));
    --totals_.connections_open;
    totals_.tokens_put += which.tokens_put();
  }
  which.end();
  if (!lines_.any_up()) signing_.forget_former();
  if (context_.closing) return;
  stir();
  if (leaving_ || fault.code() == errc::stopped) return placement_.reopened(which.index()); // closed by us
  on_lost(which, fault, proven, now);
}

void fleet::on_lost(line& which, const error& why, bool proven, moment now) {
  ++totals_.connections_lost;
  totals_.last_fault = why;
  outage_.on_lost(why, proven, now.mono);
  const auto pause = std::chrono::duration_cast<milliseconds>(outage_.next_try() - now.mono);
  log::warning("hub_connection_lost", {{"hub", where_.address.host},
                                       {"connection", which.index()},
                                       {"error", why.name()},
                                       {"detail", why.detail()},
                                       {"next_try_ms", pause.count()}});
  if (outage_.needs_attention(why)) log_attention(where_.address.host, totals_.devices, why);
  // Where DPS gave the hub, it may know another one. Otherwise all stay and come back with the line, as soon
  // as somebody has mended what is wrong.
  if (!terms_->through_dps) return;
  if (why.cls() == error_class::permanent) return give_up(why, now);
  // A scout that DPS refused does not come back: after a while another one goes.
  if (lines_.any_up() || !outage_.suspects_gone(why, now.mono) || placement_.devices(which.index()) == 0)
    return;
  send_scout(placement_.members(which.index()).front(), why, now);
}

void fleet::send_scout(device_ref scout, const error& why, moment now) {
  outage_.on_scout_sent(now.mono);
  if (!scout_) ++context_.scouts;
  scout_ = scout;
  log::warning("hub_suspected_gone",
               {{"hub", where_.address.host}, {"identity", context_.devices.at(scout).identity}});
  forget(scout, now.mono);
  context_.events.on_device_detached(scout, error{errc::hub_not_found, why.message()}, false, now);
}

void fleet::on_told(device_ref device, bool another_hub) {
  if (scout_ != device) return;
  scout_.reset();
  --context_.scouts;
  if (!another_hub) return;
  hub_is_another_ = true;
  stir();
}

void fleet::give_up(const error& why, moment now) {
  std::vector<device_ref> members; // a copy: the core may attach them again at once
  for (const auto& line : lines_)
    if (line->open() == nullptr)
      members.insert(members.end(), placement_.members(line->index()).begin(),
                     placement_.members(line->index()).end());
  for (const auto device : members) {
    const auto* const who = context_.devices.find(device);
    if (who == nullptr || who->hub != this) continue; // the owner has thought again
    forget(device, now.mono);
    context_.events.on_device_detached(device, why, false, now);
  }
}

void fleet::renew_tokens(moment now) {
  for (const auto& line : lines_)
    if (auto* const on = line->open()) {
      on->renew_tokens(now);
      context_.orders.flush(*line);
    }
}

void fleet::try_now(mono_time now) {
  outage_.try_now(now);
  connects_.try_now(now);
  moves_.try_now(now);
  stir();
}

void fleet::close(moment now) {
  connects_.clear();
  sends_.clear();
  for (const auto& line : lines_)
    if (line->is_up()) {
      line->close(now);
      context_.orders.flush(*line);
    }
}

} // namespace causeway::hub
