// SPDX-License-Identifier: Apache-2.0
#include "conversation/memory_link.h"

#include <algorithm>

namespace causeway::conversation {
namespace {

// A TCP segment each way takes this long, so that traffic, webhooks and commits fall into each other.
constexpr std::size_t segment = 1448;
constexpr std::chrono::microseconds segment_time{100};

// The gateway that dies takes its token sources with it; the keys stay.
class lent_tokens final : public hub::token_source {
public:
  explicit lent_tokens(hub::token_source& from) : from_{from} {}
  secret device_token(device_ref device, const identity& name, wall_time expiry) override {
    return from_.device_token(device, name, expiry);
  }
  secret policy_token(wall_time expiry) override { return from_.policy_token(expiry); }

private:
  hub::token_source& from_;
};

hub::fleet_set::options options_of(const memory_link::settings& how, hub::token_source& tokens) {
  hub::fleet_terms terms;
  terms.section = how.section;
  // The hub enforces none here.
  terms.connects_per_second = terms.sends_per_second = 1'000'000;
  terms.keys_of = [mode = how.mode, &tokens](const azure::hub_address&) {
    return hub::hub_keys{std::make_unique<lent_tokens>(tokens), mode};
  };
  hub::fleet_set::options options;
  options.sections.push_back(std::move(terms));
  options.random = [] { return 0.5; };
  options.client_version = "causeway/test";
  return options;
}

} // namespace

memory_link::memory_link(const manual_clock& clock, emulator::hub_service& hub, hub::token_source& tokens,
                         settings how, break_plan& breaks, std::function<void()> on_break)
    : clock_{clock},
      hub_{hub},
      host_{how.host},
      breaks_{breaks},
      on_break_{std::move(on_break)},
      fleets_{options_of(how, tokens), *this, *this, *this} {}

memory_link::~memory_link() = default;

void memory_link::attach(device_ref device, const model::assignment& where, const model::connect_wish& wish) {
  fleets_.attach(device, where, wish, clock_.now());
}

void memory_link::detach(device_ref device) {
  fleets_.detach(device, clock_.now());
}

void memory_link::hurry(device_ref device) {
  fleets_.hurry(device);
}

void memory_link::send(device_ref device, spool_seq seq, const model::message& what) {
  fleets_.send(device, seq, what, clock_.now());
}

void memory_link::settle(device_ref device, model::delivery_number which, model::c2d_settlement how) {
  fleets_.settle(device, which, how, clock_.now());
}

void memory_link::answer_call(device_ref device, model::delivery_number which,
                              const model::method_answer& what) {
  fleets_.answer(device, which, what);
}

void memory_link::take_c2d(bool can_store) {
  fleets_.take_c2d(can_store);
}

void memory_link::read_twin(device_ref device, bool urgent) {
  fleets_.read_twin(device, urgent);
}

void memory_link::report_twin(device_ref device, std::string patch, bool urgent) {
  fleets_.report_twin(device, std::move(patch), urgent);
}

void memory_link::on_device_attached(device_ref device, moment now) {
  shard_->on_device_attached(device, now);
}

void memory_link::on_device_detached(device_ref device, const error& why, bool link_retries, moment now) {
  if (!link_retries) ++own_detaches_;
  shard_->on_device_detached(device, why, link_retries, now);
}

void memory_link::on_send_outcome(device_ref device, spool_seq seq, const result<void>& outcome, moment now) {
  shard_->on_send_outcome(device, seq, outcome, now);
}

void memory_link::close(model::shard_number which, mono_time until) {
  fleets_.close(which, until, clock_.now());
}

void memory_link::on_shard_closed(model::shard_number which, moment now) {
  shard_->on_shard_closed(which, now);
}

std::size_t memory_link::links_at_hub() const {
  std::size_t sum = 0;
  for (const auto& [id, on] : wires_)
    sum += on->server.telemetry_links();
  return sum;
}

model::hub_totals memory_link::totals() const {
  const auto all = fleets_.totals(clock_.now().mono);
  const auto own = all.find(host_.str());
  return own == all.end() ? model::hub_totals{} : own->second;
}

std::uint64_t memory_link::renewals() const {
  auto sum = renewals_;
  for (const auto& [id, on] : wires_)
    if (const auto* const open = on->which.open()) sum += open->counters().renewals;
  return sum;
}

bool memory_link::step() {
  if (crashed_) return false;
  bool any = false;
  if (frozen_) {
    for (auto& [id, on] : wires_)
      any = carry_written(*on) || any;
    return any;
  }
  if (fleets_.deadline() <= clock_.now().mono) {
    fleets_.advance(clock_.now());
    any = true;
  }
  for (const auto& what : std::exchange(orders_, {})) {
    connect(what);
    any = true;
  }
  for (const auto id : std::exchange(cuts_, {}))
    if (const auto on = wires_.find(id); on != wires_.end()) {
      lose(*on->second, error{errc::connection_lost});
      any = true;
    }
  for (auto next = wires_.begin(); next != wires_.end() && !crashed_;) {
    auto& on = *next++->second; // which may go
    const bool ticked = tick(on);
    any = carry(on) || ticked || any;
  }
  return any;
}

void memory_link::connect(const order& what) {
  if (!what.of.line_opened(what.which, {}, clock_.now())) return;
  auto made = std::make_unique<wire>(what.of, what.which, hub_, clock_.now());
  if (!breaks_.after.empty()) {
    made->breaks_after = breaks_.after.front();
    breaks_.after.pop_front();
  }
  wires_[what.which.id()] = std::move(made);
  carried_ = 0;
}

bool memory_link::tick(wire& on) {
  const auto now = clock_.now();
  bool any = false;
  if (const auto due = on.which.deadline(); due && *due <= now.mono) {
    on.which.tick(now);
    any = true;
  }
  if (on.server_due && *on.server_due <= now.mono) {
    on.server_due = on.server.tick(now);
    any = true;
  }
  return any;
}

std::size_t memory_link::allowed(const wire& on, std::size_t bytes) {
  if (!on.breaks_after) return bytes;
  return std::min(bytes, *on.breaks_after - std::min(*on.breaks_after, on.carried));
}

bool memory_link::carry(wire& on) {
  const auto now = clock_.now();
  on.of.line_events(on.which, now);
  on.which.take_output(on.to_server);
  on.server.take_output(on.to_client);
  if (on.next_carry > now.mono) return false;
  bool any = false;
  if (const auto bytes = allowed(on, std::min(on.to_server.size(), segment)); bytes != 0) {
    on.carried += bytes;
    on.server.feed(std::string_view{on.to_server}.substr(0, bytes), now);
    on.to_server.erase(0, bytes);
    any = true;
  }
  if (const auto bytes = allowed(on, std::min(on.to_client.size(), segment)); bytes != 0) {
    on.carried += bytes;
    on.which.on_bytes(std::string_view{on.to_client}.substr(0, bytes), now);
    on.to_client.erase(0, bytes);
    any = true;
  }
  carried_ = on.carried;
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
      lose(on, error{errc::connection_lost});
    }
    return true;
  }
  on.of.line_events(on.which, now);
  if (on.to_server.empty() && on.to_client.empty() && (on.server.finished() || on.which.is_over())) {
    lose(on, error{errc::peer_closed});
    return true;
  }
  return any;
}

bool memory_link::carry_written(wire& on) {
  const auto now = clock_.now();
  bool any = false;
  if (on.server_due && *on.server_due <= now.mono) {
    on.server_due = on.server.tick(now);
    any = true;
  }
  on.server.take_output(on.to_client);
  if (on.next_carry > now.mono || on.to_server.empty()) return any;
  const auto bytes = std::min(on.to_server.size(), segment);
  on.carried += bytes;
  on.server.feed(std::string_view{on.to_server}.substr(0, bytes), now);
  on.to_server.erase(0, bytes);
  on.server_due = on.server.tick(now);
  on.next_carry = now.mono + segment_time;
  return true;
}

void memory_link::lose(wire& on, const error& why) {
  const auto now = clock_.now();
  const auto gone = std::move(wires_.extract(on.which.id()).mapped());
  gone->server.feed_end(now);
  if (const auto* const open = gone->which.open()) renewals_ += open->counters().renewals;
  gone->of.line_lost(gone->which, why, now);
}

std::optional<mono_time> memory_link::deadline() const {
  if (crashed_) return std::nullopt;
  auto due = frozen_ ? mono_time::max() : fleets_.deadline();
  if (!cuts_.empty() && !frozen_) due = clock_.now().mono;
  for (const auto& [id, on] : wires_) {
    if (!frozen_) due = std::min(due, on->which.deadline().value_or(mono_time::max()));
    due = std::min(due, on->server_due.value_or(mono_time::max()));
    if (!on->to_server.empty() || (!frozen_ && !on->to_client.empty())) due = std::min(due, on->next_carry);
  }
  return due == mono_time::max() ? std::nullopt : std::optional{due};
}

} // namespace causeway::conversation
