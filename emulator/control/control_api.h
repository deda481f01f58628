// SPDX-License-Identifier: Apache-2.0
// The emulator's control API: JSON over plain HTTP, documented in README.md. Loop's thread only.
#pragma once

#include "emulator/control/installation.h"
#include "emulator/dps/dps_service.h"
#include "emulator/hub/event_endpoint.h"
#include "emulator/hub/hub_service.h"
#include "emulator/stack/downlink_api.h"
#include "emulator/stack/event_courier.h"
#include "emulator/stack/mqtt_stack.h"
#include "emulator/stack/registry_stream.h"
#include "emulator/stack/stack_access.h"
#include "emulator/stack/stack_registry.h"
#include "emulator/stack/storage_api.h"
#include "emulator/stack/things_stack.h"
#include "net/http_client.h"

namespace causeway::emulator {

// What the API shows and moves. All must outlive it.
struct controlled {
  const installation* made = nullptr;
  net::loop* on = nullptr;
  fault_tables* faults = nullptr;
  arrivals* accepted = nullptr;
  std::vector<hub_service*> hubs; // by index
  dps_service* dps = nullptr;
  stack_registry* registry = nullptr;
  registry_stream* changes = nullptr;
  things_stack* stack = nullptr;
  event_endpoint* events = nullptr;
  net::task_group* tasks = nullptr;
  storage_api* storage = nullptr;
  mqtt_stack* by_mqtt = nullptr;
  mqtt_publisher* publisher = nullptr; // nothing: there is no broker
  net::http_client* http = nullptr;    // for single events by webhook
  stack_access* access = nullptr;
  downlink_api* downlinks = nullptr;
  event_courier* courier = nullptr;
  std::string stack_url{}; // of the Application Server, for webhooks
};

// A request and its answer; the listener only carries it.
net::http_response answer_control(const controlled& emulator, const net::http_request& request);

// Errors: as listener::bind.
result<net::http_server> start_control_api(net::loop& on, net::task_group& tasks,
                                           const net::listen_address& address, controlled emulator);

} // namespace causeway::emulator
