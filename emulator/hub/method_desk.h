// SPDX-License-Identifier: Apache-2.0
// Direct method calls over a hub's links (azure-iot-wire.md B.7): to a device that has both links of its
// pair, and its answers back. Part of device_desks. Pure. One thread.
#pragma once

#include "amqp/engine.h"
#include "emulator/hub/hub_link.h"
#include "emulator/state/hub_state.h"

namespace causeway::emulator {

class hub_service;

class method_desk {
public:
  // Both must live as long as this.
  method_desk(hub_service& hub, hub_state& state) : hub_{hub}, state_{state} {}

  // Of links of kind method, either way.
  void on_open(hub_link& link, moment now);
  // Of the pair that it is of: what is due, as far as there is credit.
  void deliver(hub_link& link);
  // A device's answer.
  void on_message(hub_link& link, amqp::event& event);

  void call(method_request request, moment now, method_calls::on_end done);
  // The device has both links, in one session.
  bool is_there(const identity& device) const;

private:
  hub_service& hub_;
  hub_state& state_;
};

} // namespace causeway::emulator
