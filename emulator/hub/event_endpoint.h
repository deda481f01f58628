// SPDX-License-Identifier: Apache-2.0
// What the connections of the Event-Hubs-compatible endpoint share (azure-iot-wire.md D.3): one event hub for
// each emulated IoT hub, and who reads what. Pure. One thread.
#pragma once

#include "amqp/engine.h"
#include "emulator/hub/event_log.h"
#include "emulator/hub/identity_registry.h"

#include <set>

namespace causeway::emulator {

class event_connection;

// What must outlive the endpoint: log, registry.
struct event_hub {
  std::string name; // the EntityPath
  event_log* log = nullptr;
  const identity_registry* registry = nullptr; // for its policies

  // The partition of this id, "0" …; nothing when there is none.
  std::optional<std::size_t> find_partition(const std::string& id) const;
};

// What a token on this endpoint is worth.
struct event_token_verdict {
  int status = 202; // 400, 401, 404
  std::string description = "Accepted";
  std::string path; // "/iothub-0/consumergroups/…" in lower case, what it opens; "" = all
  wall_time expires{};
};

struct event_receiver {
  event_connection* owner = nullptr;
  amqp::link link;
  const event_hub* hub = nullptr;
  std::string group; // in lower case
  std::size_t partition = 0;
  std::optional<std::int64_t> epoch;
  std::int64_t next = 0; // the sequence number that it gets next
  std::size_t in_flight = 0;
};

struct event_endpoint_totals {
  std::uint64_t connections = 0; // ever
  std::uint64_t receivers = 0;   // ever
  std::uint64_t stolen = 0;      // receivers that another one's epoch ended
  std::uint64_t delivered = 0;   // events sent, each time anew
};

class event_endpoint {
public:
  // Event Hubs' own figure for receivers of one partition and consumer group without an epoch.
  static constexpr std::size_t max_receivers = 5;

  explicit event_endpoint(std::vector<event_hub> hubs);
  event_endpoint(const event_endpoint&) = delete;
  event_endpoint& operator=(const event_endpoint&) = delete;

  const std::vector<event_hub>& hubs() const { return hubs_; }
  // Without letter case; null when there is none.
  const event_hub* find(std::string_view name) const;
  // text: "SharedAccessSignature sr=sb%3a%2f%2f…". Event Hubs signs with the key's base64 text as it stands,
  // IoT Hub with what it decodes to; both pass. The policy needs the right ServiceConnect.
  event_token_verdict judge_token(std::string_view text, wall_time now) const;

  // Ends the receivers that this one supersedes. Returns why it may not read itself; empty when it may.
  amqp::condition admit(event_receiver& receiver);
  void remove(event_receiver& receiver);
  std::size_t receivers() const { return receivers_.size(); }
  const event_endpoint_totals& totals() const { return totals_; }

private:
  friend class event_connection;
  std::vector<event_hub> hubs_;
  std::set<event_receiver*> receivers_;
  std::set<event_connection*> connections_;
  event_endpoint_totals totals_;
};

// One message as the endpoint delivers it: what was sent, under the hub's own annotations (D.3 no. 5).
std::string stamp_event(const kept_event& kept);

} // namespace causeway::emulator
