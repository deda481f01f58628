// SPDX-License-Identifier: Apache-2.0
// What the fleets of hubs are given, and what they ask of whoever carries their bytes.
#pragma once

#include "azure/hub_address.h"
#include "hub/connection.h"
#include "hub/hub_budgets.h"

#include <functional>
#include <memory>

namespace causeway::hub {

class fleet;
class line;

// Orders for lines, which live as long as their fleet. They return at once and call nothing back.
class line_orders {
public:
  virtual ~line_orders() = default;
  // A stream is to be made to the hub: answered by fleet::line_opened, or by fleet::line_lost.
  virtual void open(fleet& hub, line& which) = 0;
  // There is something to write, or to tell (fleet::line_events), or its deadline() is another.
  virtual void flush(line& which) = 0;
  // Its stream is cut; fleet::line_lost follows.
  virtual void cut(line& which) = 0;
  // deadline() has come nearer.
  virtual void wake() = 0;
};

// Who signs for the devices of one hub.
struct hub_keys {
  std::unique_ptr<token_source> tokens;
  auth mode = auth::device_keys;
};

// What a fleet goes by of its section of the configuration.
struct fleet_terms {
  azure_name section;
  bool through_dps = false; // which may know another hub for a device
  bool tls = true;          // a peer that says nothing behind it speaks no AMQP
  bool commands = true;     // the hub's tier knows cloud-to-device messages
  double connects_per_second = 100, sends_per_second = 100; // the hub's quotas
  double twin_reads_per_second = hub_quotas{}.twin_reads, twin_updates_per_second = hub_quotas{}.twin_updates;
  std::function<hub_keys(const azure::hub_address&)> keys_of;
};

} // namespace causeway::hub
