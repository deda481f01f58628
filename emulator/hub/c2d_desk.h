// SPDX-License-Identifier: Apache-2.0
// Cloud-to-device messages over a hub's links: from services into the queues, from the queues to devices as
// they give credit, and feedback back to services (azure-iot-wire.md B.6, D.2). Part of device_desks. Pure.
// One thread.
#pragma once

#include "amqp/engine.h"
#include "emulator/hub/hub_link.h"
#include "emulator/state/hub_state.h"

#include <unordered_map>
#include <vector>

namespace causeway::emulator {

class hub_service;

class c2d_desk {
public:
  // Both must live as long as this.
  c2d_desk(hub_service& hub, hub_state& state) : hub_{hub}, state_{state} {}

  // Of links of kind c2d and feedback.
  void on_open(hub_link& link, moment now);
  void on_gone(hub_link& link, moment now);
  // As much as there is, and credit for.
  void deliver(hub_link& link, moment now);
  // What the client says of a delivery.
  void on_outcome(hub_link& link, amqp::delivery delivery, moment now);
  // A service's message has come.
  void on_sent(hub_link& link, amqp::event& event, moment now);

  // To the device's link, where it has one.
  void offer(const identity& device, moment now);
  // To services that read feedback.
  void offer_feedback(moment now);
  // A message from whatever front end; the device is one of the registry.
  c2d_verdict send(const identity& device, hub_message message, moment now);

private:
  void on_dead_lock(hub_link& link, amqp::delivery delivery, moment now);

  hub_service& hub_;
  hub_state& state_;
  std::unordered_map<hub_link*, std::vector<guid>> readers_; // of feedback, with what each has in hand
};

} // namespace causeway::emulator
