// SPDX-License-Identifier: Apache-2.0
// What the MQTT side of The Things Stack is told, and what it makes of the library's news. Plain values.
#pragma once

#include "stack/mqtt_backlog.h"
#include "stack/mqtt_clients.h"

#include <string>
#include <vector>

namespace causeway::stack {

struct mqtt_application {
  application_id id;
  secret key; // an API key with the right to read application traffic
  std::vector<std::string> events{"uplink"};
};

struct mqtt_settings {
  mqtt_address server;
  std::string tenant;   // empty: an open-source stack
  std::string instance; // part of the client identifiers, different in each process
  mqtt_limits inbox{};
  mqtt_backlog_limits backlog{}; // of all applications together
  std::size_t in_hand = 2'048;   // messages handed in and not yet answered
};

// Client identifier "causeway-{application}-{instance}", user name, filters.
std::vector<mqtt_account> make_accounts(const mqtt_settings& settings,
                                        const std::vector<mqtt_application>& from);
// Why a connection is not there. Precondition: the item is neither a message nor `subscribed`.
error error_of(const mqtt_item& item, const mqtt_settings& settings, const application_id& application);

} // namespace causeway::stack
