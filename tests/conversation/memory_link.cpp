// SPDX-License-Identifier: Apache-2.0
#include "conversation/memory_link.h"

#include "base/check.h"

#include <algorithm>

namespace causeway::conversation {
namespace {

// As cloud::hub_pool.
constexpr backoff_policy reconnect{milliseconds{500}, milliseconds{60'000}, 2.0, 0.25};
constexpr seconds proven{10};
// A TCP segment each way takes this long, so that traffic, webhooks and commits fall into each other.
constexpr std::size_t segment = 1448;
constexpr std::chrono::microseconds segment_time{100};

} // namespace

memory_link::memory_link(const manual_clock& clock, emulator::hub_service& hub, hub::token_source& tokens,
                         settings how, break_plan& breaks, std::function<void()> on_break)
    : clock_{clock},
      hub_{hub},
      tokens_{tokens},
      settings_{std::move(how)},
      breaks_{breaks},
      on_break_{std::move(on_break)} {}

memory_link::~memory_link() = default;

void memory_link::attach(device_ref device, const model::assignment& where, const model::connect_wish& wish) {
  members_[index_of(device)] = {where.identity, {wish.model_id, wish.commands}};
  if (line_ && !over_)
    line_->client.attach(device, where.identity, {wish.model_id, wish.commands}, clock_.now());
}

void memory_link::detach(device_ref device) {
  members_.erase(index_of(device));
  if (line_ && !over_) line_->client.detach(device, clock_.now());
}

void memory_link::send(device_ref device, spool_seq seq, const model::message& what) {
  CAUSEWAY_CHECK(line_ != nullptr);
  if (auto taken = line_->client.send(device, seq, what, clock_.now()); !taken)
    line_->refused.push_back({device, seq, std::move(taken).fault()});
}

bool memory_link::step() {
  if (crashed_) return false;
  if (!line_) {
    if (members_.empty() || next_try_ > clock_.now().mono) return false;
    connect();
    return true;
  }
  const bool ticked = tick();
  const bool delivered = deliver_events();
  if (!line_) return true;
  const bool carried = carry();
  return ticked || delivered || carried;
}

void memory_link::connect() {
  hub::connection_options options;
  options.host = settings_.host;
  options.container_id = settings_.container_id + "-" + std::to_string(++connections_made_);
  options.mode = settings_.mode;
  options.client_version = "causeway/test";
  line_ = std::make_unique<line>(std::move(options), tokens_, hub_, clock_.now());
  over_ = false;
  if (!breaks_.after.empty()) {
    line_->breaks_after = breaks_.after.front();
    breaks_.after.pop_front();
  }
  std::vector<std::uint32_t> refs;
  for (const auto& [ref, who] : members_)
    refs.push_back(ref);
  std::sort(refs.begin(), refs.end());
  for (const auto ref : refs)
    line_->client.attach(device_ref{ref}, members_.at(ref).identity, members_.at(ref).wish, clock_.now());
}

bool memory_link::tick() {
  const auto now = clock_.now();
  bool any = false;
  if (const auto due = line_->client.deadline(); due && *due <= now.mono) {
    line_->client.tick(now);
    any = true;
  }
  if (line_->server_due && *line_->server_due <= now.mono) {
    line_->server_due = line_->server.tick(now);
    any = true;
  }
  return any;
}

std::size_t memory_link::allowed(std::size_t bytes) const {
  if (!line_->breaks_after) return bytes;
  return std::min(bytes, *line_->breaks_after - std::min(*line_->breaks_after, line_->carried));
}

bool memory_link::carry() {
  auto& on = *line_;
  const auto now = clock_.now();
  on.client.take_output(on.to_server);
  on.server.take_output(on.to_client);
  if (on.next_carry > now.mono) return false;
  bool any = false;
  if (const auto bytes = allowed(std::min(on.to_server.size(), segment)); bytes != 0) {
    on.carried += bytes;
    on.server.feed(std::string_view{on.to_server}.substr(0, bytes), now);
    on.to_server.erase(0, bytes);
    any = true;
  }
  if (const auto bytes = allowed(std::min(on.to_client.size(), segment)); bytes != 0) {
    on.carried += bytes;
    on.client.on_bytes(std::string_view{on.to_client}.substr(0, bytes), now);
    on.to_client.erase(0, bytes);
    any = true;
  }
  if (any) {
    on.server_due = on.server.tick(now);
    on.next_carry = now.mono + segment_time;
  }
  if (on.breaks_after && on.carried >= *on.breaks_after) {
    ++breaks_.breaks;
    if (on_break_) {
      crashed_ = true;
      on_break_();
    } else {
      lose(error{errc::connection_lost});
    }
    return true;
  }
  if (on.to_server.empty() && on.to_client.empty() && (on.server.finished() || on.client.is_closed())) {
    lose(error{errc::peer_closed});
    return true;
  }
  return any;
}

void memory_link::lose(const error& why) {
  const auto now = clock_.now();
  line_->server.feed_end(now);
  line_->client.on_stream_end(why, now);
  static_cast<void>(deliver_events());
  renewals_ += line_->client.counters().renewals;
  if (now.mono - line_->made > proven) failures_ = 0;
  line_.reset();
  over_ = false;
  ++connections_lost_;
  next_try_ = now.mono + pause_after(reconnect, failures_++, 0.5);
}

bool memory_link::deliver_events() {
  auto& on = *line_;
  const auto now = clock_.now();
  bool any = false;
  for (auto refused = std::exchange(on.refused, {}); auto& one : refused) {
    bridge_->on_send_outcome(one.device, one.seq, one.outcome, now);
    any = true;
  }
  over_ = on.client.is_closed();
  for (auto& event : on.client.take_events()) {
    any = true;
    if (const auto* up = std::get_if<hub::attached>(&event)) {
      if (members_.contains(index_of(up->device))) bridge_->on_device_attached(up->device, now);
    } else if (const auto* done = std::get_if<hub::sent>(&event)) {
      bridge_->on_send_outcome(done->device, done->seq, done->outcome, now);
    } else if (const auto* gone = std::get_if<hub::detached>(&event)) {
      if (!members_.contains(index_of(gone->device))) continue;
      if (!over_) {
        members_.erase(index_of(gone->device));
        ++own_detaches_;
      }
      bridge_->on_device_detached(gone->device, gone->why, over_, now);
    }
  }
  return any;
}

std::optional<mono_time> memory_link::deadline() const {
  if (crashed_) return std::nullopt;
  if (!line_) return members_.empty() ? std::nullopt : std::optional{next_try_};
  auto due = line_->client.deadline();
  if (line_->server_due && (!due || *line_->server_due < *due)) due = line_->server_due;
  const bool traffic = !line_->to_server.empty() || !line_->to_client.empty();
  if (traffic && (!due || line_->next_carry < *due)) due = line_->next_carry;
  return due;
}

} // namespace causeway::conversation
