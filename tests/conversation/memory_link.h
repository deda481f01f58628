// SPDX-License-Identifier: Apache-2.0
// The wire between the shipped hub::fleet_set and the emulated hub: bytes both ways in segments that take
// their time, on the manual clock. What cloud::hub_pool does with sockets, step() does in memory.
#pragma once

#include "core/shard.h"
#include "emulator/hub/hub_connection.h"
#include "hub/fleet_set.h"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace causeway::conversation {

// What happens when so many bytes, both directions together, have crossed a connection.
struct break_plan {
  std::deque<std::size_t> after; // one for each connection to come; none left: it lasts
  std::size_t breaks = 0;        // so far
};

class memory_link final : public model::hub_link,
                          model::hub_link_events,
                          model::hub_command_events,
                          hub::line_orders {
public:
  struct settings {
    azure_name section;
    hub_host host;
    hub::auth mode = hub::auth::device_keys;
  };
  // on_break: instead of losing the connection, when given; the link does nothing more then.
  memory_link(const manual_clock& clock, emulator::hub_service& hub, hub::token_source& tokens, settings how,
              break_plan& breaks, std::function<void()> on_break = {});
  ~memory_link() override;
  void answer_to(core::shard* shard) { shard_ = shard; }

  // What hubs have had for devices: the core takes none.
  std::vector<std::pair<device_ref, model::c2d_message>> c2d;
  std::vector<std::pair<device_ref, model::method_call>> calls;
  std::vector<device_ref> twins_open;
  std::vector<std::pair<device_ref, std::string>> twin_changes;
  std::vector<std::pair<device_ref, result<std::string>>> twins_read;
  std::vector<std::pair<device_ref, result<void>>> twins_reported;

  void attach(device_ref device, const model::assignment& where, const model::connect_wish& wish) override;
  void detach(device_ref device) override;
  void hurry(device_ref device) override;
  void close(model::shard_number which, mono_time until) override;
  void send(device_ref device, spool_seq seq, const model::message& what) override;
  void settle(device_ref device, model::delivery_number which, model::c2d_settlement how) override;
  void answer_call(device_ref device, model::delivery_number which,
                   const model::method_answer& what) override;
  void take_c2d(bool can_store) override;
  void read_twin(device_ref device, bool urgent) override;
  void report_twin(device_ref device, std::string patch, bool urgent) override;

  // Does what can be done now; false when there was nothing.
  bool step();
  // The process stands still: what it had written crosses, the hub goes on, and nothing else happens.
  void freeze(bool still) { frozen_ = still; }
  // When step() is worth calling although nothing has happened.
  std::optional<mono_time> deadline() const;

  std::uint64_t connections_made() const { return totals().connections_made; }
  std::uint64_t connections_lost() const { return totals().connections_lost; }
  // As the hub sees them: telemetry links on the connections of this process.
  std::size_t links_at_hub() const;
  // Of the connection that was made last.
  std::size_t bytes_carried() const { return carried_; }
  // Of tokens, on all connections.
  std::uint64_t renewals() const;
  // Detaches that were one device's own, not the connection's.
  std::uint64_t own_detaches() const { return own_detaches_; }

private:
  // While there is a stream.
  struct wire {
    hub::fleet& of;
    hub::line& which;
    emulator::hub_connection server;
    std::string to_server, to_client;
    std::optional<mono_time> server_due;
    std::optional<std::size_t> breaks_after;
    std::size_t carried = 0;
    mono_time next_carry;

    wire(hub::fleet& f, hub::line& l, emulator::hub_service& hub, moment now)
        : of{f}, which{l}, server{hub, now}, next_carry{now.mono} {}
  };
  struct order {
    hub::fleet& of;
    hub::line& which;
  };

  model::hub_totals totals() const;
  void connect(const order& what);
  bool tick(wire& on);
  bool carry(wire& on);
  bool carry_written(wire& on);
  // What may still cross of this many bytes.
  static std::size_t allowed(const wire& on, std::size_t bytes);
  void lose(wire& on, const error& why);

  void on_device_attached(device_ref device, moment now) override;
  void on_device_detached(device_ref device, const error& why, bool link_retries, moment now) override;
  void on_send_outcome(device_ref device, spool_seq seq, const result<void>& outcome, moment now) override;
  void on_shard_closed(model::shard_number which, moment now) override;
  void on_c2d(device_ref which, model::c2d_message what, moment) override {
    c2d.emplace_back(which, std::move(what));
  }
  void on_method(device_ref which, model::method_call what, moment) override {
    calls.emplace_back(which, std::move(what));
  }
  void on_twin_open(device_ref which, moment) override { twins_open.push_back(which); }
  void on_twin_changed(device_ref which, std::string patch, moment) override {
    twin_changes.emplace_back(which, std::move(patch));
  }
  void on_twin_read(device_ref which, result<std::string> document, moment) override {
    twins_read.emplace_back(which, std::move(document));
  }
  void on_twin_reported(device_ref which, result<void> outcome, moment) override {
    twins_reported.emplace_back(which, std::move(outcome));
  }
  void open(hub::fleet& of, hub::line& which) override { orders_.push_back({of, which}); }
  void flush(hub::line&) override {}
  void cut(hub::line& which) override { cuts_.push_back(which.id()); }
  void wake() override {}

  const manual_clock& clock_;
  emulator::hub_service& hub_;
  hub_host host_;
  break_plan& breaks_;
  std::function<void()> on_break_;
  core::shard* shard_ = nullptr;
  hub::fleet_set fleets_;
  std::vector<order> orders_;
  std::map<std::uint32_t, std::unique_ptr<wire>> wires_; // by the line's id
  std::vector<std::uint32_t> cuts_;                      // of these
  bool crashed_ = false, frozen_ = false;
  std::size_t carried_ = 0;
  std::uint64_t renewals_ = 0, own_detaches_ = 0;
};

} // namespace causeway::conversation
