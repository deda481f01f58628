// SPDX-License-Identifier: Apache-2.0
#include "egress/hub_pool.h"

#include "base/check.h"
#include "base/encoding.h"
#include "base/log.h"

#include <algorithm>
#include <limits>

namespace causeway::egress {
namespace {

constexpr backoff_policy reconnect{milliseconds{500}, milliseconds{60'000}, 2.0, 0.25};
// A connection that has lived this long starts the pauses from the first one again.
constexpr seconds proven{10};
// Some ten minutes of pauses.
constexpr std::uint32_t failures_of_a_hub_that_is_gone = 14;
constexpr std::size_t read_bytes = 64 * 1024;

} // namespace

// While the connection is there. Shared by its reader and its writer, each of which may be the last to go.
struct open_line {
  net::stream stream;
  hub::connection connection;
  net::wake_up changed;
  net::wake_up writer_ended;
  bool over = false;
  bool writing = true;
  std::optional<mono_time> opened_at;
  std::optional<error> fault; // why it is over
  // What send() could not hand on, answered with the next events.
  std::vector<hub::sent> refused;

  open_line(net::stream s, hub::connection_options options, hub::token_source& tokens, net::loop& on)
      : stream{std::move(s)},
        connection{std::move(options), tokens, on.now()},
        changed{on},
        writer_ended{on} {}
};

struct hub_pool::line {
  upstream* hub = nullptr;
  std::uint32_t index = 0;
  std::unique_ptr<net::wake_up> wanted; // it has its first device
  std::shared_ptr<open_line> open;
};

struct hub_pool::upstream {
  const azure_section* section = nullptr;
  azure::hub_address address;
  std::unique_ptr<section_tokens> tokens;
  hub::placement placement;
  std::vector<std::unique_ptr<line>> lines;
  std::uint32_t failures = 0; // in a row, over all lines
  mono_time next_try{};
  std::uint64_t tokens_before = 0; // of connections that are gone
  hub_totals totals;
};

hub_pool::hub_pool(net::loop& on, net::task_group& tasks, const std::vector<azure_section>& sections,
                   std::function<double()> random)
    : loop_{on}, tasks_{tasks}, sections_{sections}, random_{std::move(random)} {}

hub_pool::~hub_pool() = default;

hub_pool::upstream* hub_pool::upstream_of(const core::assignment& where) {
  const auto key = where.section.str() + " " + where.hub.str();
  if (const auto found = upstreams_.find(key); found != upstreams_.end()) return found->second.get();
  const auto section = std::find_if(sections_.begin(), sections_.end(),
                                    [&](const auto& s) { return s.name == where.section; });
  auto address = azure::parse_hub_address(where.hub.str());
  if (section == sections_.end() || !address) return nullptr;
  auto made = std::make_unique<upstream>();
  made->section = &*section;
  made->address = std::move(*address);
  made->tokens = std::make_unique<section_tokens>(*section, made->address);
  hub::placement_options options;
  if (made->tokens->mode() == hub::auth::policy)
    options.tokens_per_connection = std::numeric_limits<std::uint32_t>::max();
  made->placement = hub::placement{options};
  return upstreams_.emplace(key, std::move(made)).first->second.get();
}

hub_pool::line* hub_pool::line_of(device_ref device) {
  const auto found = members_.find(index_of(device));
  if (found == members_.end()) return nullptr;
  const auto place = found->second.hub->placement.find(device);
  return place ? found->second.hub->lines[*place].get() : nullptr;
}

void hub_pool::attach(device_ref device, const core::assignment& where, const core::connect_wish& wish) {
  if (closing_) return; // the spool keeps what the device has
  auto* hub = upstream_of(where);
  const auto [owner, fresh] = owners_.try_emplace(where.hub.str() + " " + where.identity.str(), device);
  std::optional<error> refusal;
  if (hub == nullptr) refusal = error{errc::hub_not_found, "\"" + where.hub.str() + "\" is no host name"};
  if (!fresh && owner->second != device)
    refusal =
        error{errc::config_invalid_value, "another device has the identity " + where.identity.str() +
                                              " in this hub; the identity templates must tell them apart"};
  if (refusal) {
    loop_.post([this, device, why = *refusal, alive = std::weak_ptr<int>{alive_}] {
      if (!alive.expired()) bridge_->on_device_detached(device, why, false, loop_.now());
    });
    return;
  }
  if (const auto known = members_.find(index_of(device)); known != members_.end() && known->second.hub != hub)
    detach(device);
  auto& who = members_[index_of(device)];
  who = {hub, where.identity, {wish.model_id, wish.commands}};
  put_on_line(device, who);
}

void hub_pool::put_on_line(device_ref device, const member& who) {
  auto& hub = *who.hub;
  const auto place = hub.placement.place(device);
  if (place >= hub.lines.size()) {
    auto made = std::make_unique<line>();
    made->hub = &hub;
    made->index = place;
    made->wanted = std::make_unique<net::wake_up>(loop_);
    auto* which = made.get();
    hub.lines.push_back(std::move(made));
    tasks_.spawn("hub." + hub.address.host + "." + std::to_string(place), net::restart_policy::on_fault,
                 [this, which] { return keep_up(which); });
  }
  auto& which = *hub.lines[place];
  which.wanted->notify();
  if (which.open && !which.open->over) {
    which.open->connection.attach(device, who.identity, who.wish, loop_.now());
    which.open->changed.notify();
  }
}

void hub_pool::forget(device_ref device) {
  const auto who = members_.extract(index_of(device));
  if (who.empty()) return;
  auto& hub = *who.mapped().hub;
  owners_.erase(hub.address.id().str() + " " + who.mapped().identity.str());
  static_cast<void>(hub.placement.remove(device));
}

void hub_pool::give_up(line& which, const error& why) {
  const auto members =
      which.hub->placement.members(which.index); // a copy: the core may attach them again at once
  log::error("hub_needs_attention", {{"hub", which.hub->address.host},
                                     {"devices", members.size()},
                                     {"error", why.name()},
                                     {"detail", why.detail()}});
  for (const auto device : members) {
    forget(device);
    bridge_->on_device_detached(device, why, false, loop_.now());
  }
}

void hub_pool::detach(device_ref device) {
  if (closing_) return;
  auto* which = line_of(device);
  if (which == nullptr) return;
  forget(device);
  if (which->open && !which->open->over) {
    which->open->connection.detach(device, loop_.now());
    which->open->changed.notify();
  }
}

void hub_pool::hurry(device_ref) {}

void hub_pool::send(device_ref device, spool_seq seq, const core::message& what) {
  if (closing_) return; // the spool keeps it
  auto* which = line_of(device);
  // The core hears of a lost connection before anything else happens on this thread.
  CAUSEWAY_CHECK(which != nullptr && which->open != nullptr);
  auto& on = *which->open;
  if (auto taken = on.connection.send(device, seq, what, loop_.now()); !taken)
    on.refused.push_back({device, seq, std::move(taken).fault()});
  on.changed.notify();
}

void hub_pool::deliver_events(line& which, open_line& on) {
  auto& hub = *which.hub;
  const auto now = loop_.now();
  for (auto refused = std::exchange(on.refused, {}); auto& one : refused)
    bridge_->on_send_outcome(one.device, one.seq, one.outcome, now);
  const bool over = on.connection.is_closed();
  if (over) on.over = true; // so that what the core does now goes to the next connection
  for (auto& event : on.connection.take_events()) {
    if (const auto* up = std::get_if<hub::attached>(&event)) {
      if (members_.contains(index_of(up->device))) bridge_->on_device_attached(up->device, now);
    } else if (auto* done = std::get_if<hub::sent>(&event)) {
      bridge_->on_send_outcome(done->device, done->seq, done->outcome, now);
    } else if (const auto* gone = std::get_if<hub::detached>(&event)) {
      // We asked for it: the device is gone, or has moved to another connection.
      if (line_of(gone->device) != &which || (!over && gone->why.code() == errc::stopped)) continue;
      if (!over) {
        const auto name = members_.at(index_of(gone->device)).identity;
        forget(gone->device);
        log::warning("device_detached", {{"hub", hub.address.host},
                                         {"identity", name},
                                         {"error", gone->why.name()},
                                         {"detail", gone->why.detail()}});
      }
      bridge_->on_device_detached(gone->device, gone->why, over, now);
    } else if (const auto* ready = std::get_if<hub::opened>(&event)) {
      hub.totals.last_fault.reset();
      on.opened_at = now.mono;
      log::info("hub_connected", {{"hub", hub.address.host},
                                  {"connection", which.index},
                                  {"capacity", ready->capacity},
                                  {"peer", ready->peer.container_id}});
      for (const auto moved : hub.placement.limit(which.index, ready->capacity)) {
        on.connection.detach(moved, now);
        put_on_line(moved, members_.at(index_of(moved)));
      }
    } else if (const auto* end = std::get_if<hub::closed>(&event)) {
      on.fault = end->why;
    }
  }
}

net::task<> hub_pool::write_out(std::shared_ptr<open_line> on, line* which) {
  // However it ends, an exception included: the reader must not wait for it.
  struct at_end {
    open_line& on;
    ~at_end() {
      on.stream.close();
      on.writing = false;
      on.writer_ended.notify();
    }
  } const ended{*on};
  std::string out;
  while (!on->over) {
    const auto now = loop_.now();
    if (const auto due = on->connection.deadline(); due && *due <= now.mono) on->connection.tick(now);
    deliver_events(*which, *on);
    out.clear();
    // Everything that was asked for since the last write goes out in one.
    if (on->connection.take_output(out)) {
      const auto written = co_await on->stream.write(out);
      if (!written) {
        on->connection.on_stream_end(written.fault(), loop_.now());
        deliver_events(*which, *on);
        break;
      }
      continue;
    }
    if (on->connection.is_closed()) break;
    const auto due = on->connection.deadline();
    if (due) {
      static_cast<void>(co_await on->changed.wait_until(*due));
    } else {
      static_cast<void>(co_await on->changed.wait());
    }
  }
}

net::task<> hub_pool::keep_up(line* which) {
  auto& hub = *which->hub;
  while (!closing_) {
    if (hub.placement.devices(which->index) == 0) {
      const bool going_on = co_await which->wanted->wait();
      if (!going_on) co_return;
      continue;
    }
    if (const auto now = loop_.now().mono; hub.next_try > now) {
      const bool going_on = co_await net::sleep_for(hub.next_try - now);
      if (!going_on) co_return;
      continue;
    }
    net::connect_options target;
    target.host = hub.address.host;
    target.port = hub.address.port;
    target.tls = hub.section->tls;
    auto connected = co_await net::connect(std::move(target));
    std::optional<error> fault;
    bool was_proven = false;
    if (!connected) {
      fault = std::move(connected).fault();
      if (fault->code() == errc::stopped) co_return;
    } else {
      hub::connection_options options;
      options.host = hub.address.id();
      options.container_id = "causeway-" +
                             hex_encode(std::to_string(loop_.now().wall.time_since_epoch().count())) + "-" +
                             std::to_string(which->index);
      options.mode = hub.tokens->mode();
      options.client_version = "causeway/0.1.0";
      auto on =
          std::make_shared<open_line>(std::move(connected->bytes), std::move(options), *hub.tokens, loop_);
      which->open = on;
      ++hub.totals.connections_made;
      ++hub.totals.connections_open;
      hub.placement.reopened(which->index);
      for (const auto device : hub.placement.members(which->index)) {
        const auto& who = members_.at(index_of(device));
        on->connection.attach(device, who.identity, who.wish, loop_.now());
      }
      tasks_.spawn("hub.write " + hub.address.host, net::restart_policy::never,
                   [this, on, which] { return write_out(on, which); });
      std::string buffer(read_bytes, '\0');
      while (!on->over) {
        auto got = co_await on->stream.read_some(buffer);
        if (!got) {
          on->connection.on_stream_end(got.fault(), loop_.now());
          deliver_events(*which, *on);
          break;
        }
        on->connection.on_bytes(std::string_view{buffer}.substr(0, *got), loop_.now());
        deliver_events(*which, *on);
        on->changed.notify();
      }
      on->over = true;
      on->stream.close();
      on->changed.notify();
      while (on->writing) {
        const bool going_on = co_await on->writer_ended.wait();
        if (!going_on) break;
      }
      --hub.totals.connections_open;
      hub.tokens_before += on->connection.counters().put_tokens;
      which->open.reset();
      fault = on->fault.value_or(error{errc::connection_lost});
      was_proven = on->opened_at && loop_.now().mono - *on->opened_at > proven;
    }
    if (closing_) co_return;
    ++hub.totals.connections_lost;
    hub.totals.last_fault = fault;
    if (was_proven) hub.failures = 0;
    // Lines that are lost together count as one failure, and come back one after the other.
    const auto now = loop_.now().mono;
    if (now >= hub.next_try) hub.next_try = now + pause_after(reconnect, hub.failures++, random_());
    const auto pause = std::chrono::duration_cast<milliseconds>(hub.next_try - now);
    // What waiting does not mend: the devices are parked with the reason, or DPS is asked whether the hub is
    // another now.
    const bool gone =
        fault->code() == errc::name_unresolved && hub.failures >= failures_of_a_hub_that_is_gone;
    const bool needs_somebody =
        fault->cls() == error_class::config || fault->cls() == error_class::permanent || gone;
    const error verdict = gone ? error{errc::hub_not_found, fault->message()} : *fault;
    log::warning("hub_connection_lost", {{"hub", hub.address.host},
                                         {"connection", which->index},
                                         {"error", fault->name()},
                                         {"detail", fault->detail()},
                                         {"next_try_ms", pause.count()}});
    if (needs_somebody) give_up(*which, verdict);
  }
}

net::task<> hub_pool::close(std::chrono::milliseconds patience) {
  closing_ = true;
  const auto deadline = loop_.now().mono + patience;
  for (auto& [key, hub] : upstreams_)
    for (auto& which : hub->lines)
      if (which->open) {
        which->open->connection.close(loop_.now());
        which->open->changed.notify();
      }
  const auto any_open = [this] {
    return std::any_of(upstreams_.begin(), upstreams_.end(), [](const auto& hub) {
      return std::any_of(hub.second->lines.begin(), hub.second->lines.end(),
                         [](const auto& which) { return which->open != nullptr; });
    });
  };
  while (any_open() && loop_.now().mono < deadline) {
    const bool going_on = co_await net::sleep_for(milliseconds{5});
    if (!going_on) co_return;
  }
}

std::map<std::string, hub_totals> hub_pool::totals() const {
  std::map<std::string, hub_totals> out;
  for (const auto& [key, hub] : upstreams_) {
    auto totals = hub->totals;
    totals.tokens_put = hub->tokens_before;
    for (const auto& which : hub->lines)
      if (which->open) totals.tokens_put += which->open->connection.counters().put_tokens;
    auto& sum = out[hub->address.id().str()];
    sum.connections_open += totals.connections_open;
    sum.connections_made += totals.connections_made;
    sum.connections_lost += totals.connections_lost;
    sum.tokens_put += totals.tokens_put;
    if (totals.last_fault) sum.last_fault = totals.last_fault;
  }
  return out;
}

} // namespace causeway::egress
