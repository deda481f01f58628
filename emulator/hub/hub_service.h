// SPDX-License-Identifier: Apache-2.0
// What the connections of the emulated hub share: identities, arrivals, faults, quotas, counters, the
// connections themselves and what is attached on them. Pure. One thread.
#pragma once

#include "amqp/engine.h"
#include "azure/limits.h"
#include "emulator/hub/arrivals.h"
#include "emulator/hub/daily_meter.h"
#include "emulator/hub/device_desks.h"
#include "emulator/hub/emulated_clock.h"
#include "emulator/hub/event_log.h"
#include "emulator/hub/faults.h"
#include "emulator/hub/hub_link.h"
#include "emulator/hub/hub_throttle.h"
#include "emulator/hub/identity_registry.h"
#include "emulator/hub/latency.h"
#include "emulator/hub/link_books.h"
#include "emulator/hub/token_verdict.h"

#include <functional>
#include <set>
#include <vector>

namespace causeway::emulator {

class hub_connection;

struct hub_options {
  std::optional<azure::tier> tier; // absent: everything is allowed
  hub_throttle_options throttles{};
  daily_meter_options daily{};
  causeway::emulator::latency latency = causeway::emulator::latency::none();
};

struct hub_totals {
  std::uint64_t connections = 0; // accepted since the start
  std::uint64_t connections_refused = 0;
  std::uint64_t put_tokens = 0;
  std::uint64_t put_tokens_refused = 0;
  std::uint64_t attaches = 0;         // of telemetry links
  std::uint64_t attaches_refused = 0; // of any link
  std::uint64_t detaches = 0;         // links that the hub detached
  std::uint64_t link_conflicts = 0;   // of these, because a newer link took the device's place
  // Telemetry attaches of devices of which another connection had a telemetry link then, attached or still
  // waiting for its answer: two clients share an identity.
  std::uint64_t links_stolen = 0;
  // Of the conflicts, those that another connection won.
  std::uint64_t c2d_links_stolen = 0, method_links_stolen = 0, twin_links_stolen = 0;
  std::uint64_t messages_rejected = 0;
  std::uint64_t messages_released = 0; // by the fault release_messages
  std::uint64_t messages_modified = 0; // by the fault modify_messages
  std::uint64_t sends_over_quota = 0;  // of the rejected, by the daily quota
  std::uint64_t sends_throttled = 0;   // of these, by quota
  std::uint64_t sends_shaped = 0;      // messages answered late by quota

  // What a client's connecting looks like, since reset_connects(). A connect is a telemetry attach.
  std::uint64_t connects = 0;                         // those that were let through, at once or late
  std::uint64_t shaped_connects = 0;                  // of these, answered late by quota
  std::uint64_t throttled_connects = 0;               // refused by quota or by the fault throttle_attaches
  std::uint64_t connects_in_busiest_second = 0;       // arrivals, whatever became of them
  std::optional<wall_time> first_attach, last_attach; // when the answers to the first and last connect left

  // Both hubs' counters; the busiest second is the busier hub's own.
  hub_totals& operator+=(const hub_totals& more);
};

struct link_view {
  link_kind kind{};
  bool to_device = false;
  std::uint64_t connection = 0; // of the hub's, counted from 1
  wall_time opened{};
  int credit = 0; // that is left
};

class hub_service {
public:
  // What the three refer to must live longer. container_id: "DeviceGateway_" and 32 hex digits, as the real
  // hub's. index: which of the emulator's hubs this is.
  hub_service(identity_registry& registry, causeway::emulator::arrivals& accepted, fault_table& faults,
              std::string container_id, std::size_t index = 0, hub_options options = {});
  hub_service(const hub_service&) = delete;
  hub_service& operator=(const hub_service&) = delete;

  identity_registry& registry() { return registry_; }
  causeway::emulator::arrivals& arrivals() { return arrivals_; }
  fault_table& faults() { return faults_; }
  // What is accepted from now on is also kept for the Event-Hubs-compatible endpoint. The log must live
  // longer.
  void keep_events(event_log& log) { events_ = &log; }
  hub_totals totals() const;
  const std::string& container_id() const { return container_id_; }
  const hub_options& options() const { return options_; }
  std::size_t index() const { return index_; }
  daily_meter& meter() { return meter_; }
  // What goes down to devices.
  device_desks& desks() { return desks_; }
  // The hub's own clock.
  wall_time time_at(moment real) const { return clock_.at(real).wall; }
  void count_refused_connection() { ++totals_.connections_refused; }
  // The connects_, _connects and _attach counters begin anew.
  void reset_connects();

  std::size_t open_connections() const { return connections_.size(); }
  // Telemetry links, and links for cloud-to-device messages, that are attached now.
  std::size_t attached() const { return books_.attached(); }
  std::size_t c2d_links() const { return books_.c2d_links(); }

  // Ends all connections without a word, as a network does that breaks.
  void cut_all();
  // Says CLOSE on all connections.
  void close_all(const amqp::condition& why);
  // From now on nothing that comes on the open connections is read and nothing is answered; what is attached
  // on them counts no longer. New connections work.
  void freeze_all(moment now);
  // Detaches the device's links on all connections, or those of one kind; the links of others live on.
  void detach(const identity& device, const amqp::condition& why, std::optional<link_kind> only = {});
  // Who holds the device's links.
  std::vector<link_view> links_of(const identity& device) const;
  // The device's own, of a kind that it has one of: the hub's sending one. Null: there is none.
  hub_link* exclusive_link(const identity& device, link_kind kind) const;
  // The tokens of these devices run out now; with "*" those of policies too.
  void expire_tokens(std::string_view pattern);
  // After an identity was changed or removed: detaches it when it may no longer be used. What the hub has for
  // one that is gone goes with it.
  void review(const identity& device, moment now);

  // After faults have come or gone: hub_gone and hub_not_found end all connections, what hub_hang has held is
  // answered and credit that was withheld is given when it is over, and the port is told whether to listen.
  void review_faults();
  // What hub_hang has held is answered.
  void resume();
  void on_presence(std::function<void(bool present)> listener) { on_presence_ = std::move(listener); }

  // "{"errorCode":429001,"trackingId":…,"message":…,"timestampUtc":…}" (azure-iot-wire.md B.10).
  std::string describe(int code, std::string_view message, wall_time now) const;

private:
  friend class hub_connection;
  friend class hub_links;
  friend class token_desk;
  friend class telemetry_intake;
  void add_to_books(hub_link& link, moment now);
  void count_theft(link_kind kind);
  // It counts no longer, whether or not it did.
  void release(hub_link& link, moment now);
  // Links of this device on one connection.
  std::vector<hub_link*> links_of(const identity& device, const hub_links* on) const;

  identity_registry& registry_;
  causeway::emulator::arrivals& arrivals_;
  fault_table& faults_;
  event_log* events_ = nullptr;
  hub_totals totals_;
  std::string container_id_;
  std::size_t index_;
  hub_options options_;
  emulated_clock clock_;
  hub_throttle connects_, sends_;
  daily_meter meter_;
  connect_window connect_window_;
  std::set<hub_connection*> connections_;
  link_books books_;
  device_desks desks_;
  bool was_gone_ = false, was_cut_off_ = false;
  std::function<void(bool)> on_presence_;
};

} // namespace causeway::emulator
