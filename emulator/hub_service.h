// SPDX-License-Identifier: Apache-2.0
// What the connections of the emulated hub share: identities, ledger, faults, counters, and the connections
// themselves. Pure. One thread.
#pragma once

#include "amqp/engine.h"
#include "emulator/faults.h"
#include "emulator/identity_registry.h"
#include "emulator/ledger.h"
#include "emulator/token_verdict.h"

#include <functional>
#include <set>

namespace causeway::emulator {

class hub_connection;

struct hub_totals {
  std::uint64_t connections = 0; // accepted since the start
  std::uint64_t connections_refused = 0;
  std::uint64_t put_tokens = 0;
  std::uint64_t put_tokens_refused = 0;
  std::uint64_t attaches = 0; // of telemetry links
  std::uint64_t attaches_refused = 0;
  std::uint64_t detaches = 0; // links that the hub detached
  std::uint64_t messages_rejected = 0;
};

class hub_service {
public:
  // What the three refer to must live longer. container_id: "DeviceGateway_" and 32 hex digits, as the real
  // hub's. index: which of the emulator's hubs this is.
  hub_service(identity_registry& registry, causeway::emulator::ledger& accepted, fault_table& faults,
              std::string container_id, std::size_t index = 0);
  hub_service(const hub_service&) = delete;
  hub_service& operator=(const hub_service&) = delete;

  identity_registry& registry() { return registry_; }
  causeway::emulator::ledger& ledger() { return ledger_; }
  fault_table& faults() { return faults_; }
  hub_totals& totals() { return totals_; }
  const std::string& container_id() const { return container_id_; }
  std::size_t index() const { return index_; }

  std::size_t open_connections() const { return connections_.size(); }
  // Telemetry links that are attached now.
  std::size_t attached() const;

  // Ends all connections without a word, as a network does that breaks.
  void cut_all();
  // Detaches the device's links on all connections; the links of others live on.
  void detach(const identity& device, const amqp::condition& why);
  // After an identity was changed or removed: detaches it when it may no longer be used.
  void review(const identity& device);
  // After hub_hang has ended: what was held is answered.
  void resume();

private:
  friend class hub_connection;
  identity_registry& registry_;
  causeway::emulator::ledger& ledger_;
  fault_table& faults_;
  hub_totals totals_;
  std::string container_id_;
  std::size_t index_;
  std::set<hub_connection*> connections_;
};

} // namespace causeway::emulator
