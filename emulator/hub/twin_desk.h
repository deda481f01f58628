// SPDX-License-Identifier: Apache-2.0
// Device twins over a hub's links (azure-iot-wire.md B.8): a device asks on its sending link and is answered
// on its receiving one, of the same session; what services change is pushed to it once it has subscribed.
// Part of device_desks. Pure. One thread.
//
// A change that falls between a device's GET and its subscription is kept for it and follows that
// subscription: Node's SDK gets first and subscribes later (B.8).
#pragma once

#include "amqp/engine.h"
#include "amqp/message.h"
#include "emulator/hub/hub_link.h"
#include "emulator/state/hub_state.h"

#include <deque>
#include <string>
#include <unordered_map>

namespace causeway::emulator {

class hub_service;

class twin_desk {
public:
  // What waits for credit, or for a subscription: of a pair at most this many; the oldest push, and the
  // newest answer, is lost.
  static constexpr std::size_t most_waiting = 1'000;

  // Both must live as long as this.
  twin_desk(hub_service& hub, hub_state& state) : hub_{hub}, state_{state} {}

  // Of links of kind twin, either way.
  void on_open(hub_link& link);
  void on_gone(hub_link& link);
  void deliver(hub_link& link);
  // A device's request.
  void on_message(hub_link& link, amqp::event& event, moment now);

  // By a service. Nothing: done, and the device has been told where it listens.
  std::optional<twin_refusal> change(const identity& device, const twin_change& asked, wall_time now);

private:
  struct pair_state {
    bool has_read = false, subscribed = false;
    std::deque<std::string> answers, pushes; // encoded
  };
  struct twin_answer {
    int status = 200;
    std::optional<std::uint64_t> version;
    std::string body;
  };
  twin_answer perform(hub_link& link, const amqp::message& request, moment now);
  twin_answer report(const identity& device, const std::string& patch, moment now);
  twin_answer refuse(const twin_refusal& why, wall_time now);
  void push(const identity& device, const desired_change& told);

  hub_service& hub_;
  hub_state& state_;
  std::unordered_map<hub_link*, pair_state> pairs_; // by the link on which the device asks
};

} // namespace causeway::emulator
