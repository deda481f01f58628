// SPDX-License-Identifier: Apache-2.0
// What a device's session holds beside telemetry where the device takes commands: the links, and what has
// come on them and waits for its end. Part of device_session; written by command_desk and its parts alone.
// Pure; one thread.
#pragma once

#include "amqp/engine.h"
#include "base/clock.h"
#include "model/hub_command.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace causeway::hub {

// The link of cloud-to-device messages, or the two of methods: they come and go together.
struct side_links {
  amqp::link in, out;        // out: methods alone. Empty: not there; the hub's DETACH is in
  bool leaves = false;       // what is there is detached already, by the hub or by us
  bool comes_again = false;  // and is attached anew without a pause
  std::uint8_t failures = 0; // in a row, each of them before it had lasted
  mono_time opened{};        // since when it is there

  bool is_gone() const { return !in && !out; }
};

struct held_message {
  model::delivery_number number{};
  amqp::delivery delivery; // empty: it came settled
  mono_time received{};
};

struct c2d_side : side_links {
  std::vector<held_message> in_hand; // with a lock that lives
  std::uint8_t dead = 0;             // on this link: unsettled, and their locks are over
  bool drains = false;               // the hub has been asked for its credit
};

struct open_call {
  model::delivery_number number{};
  amqp::value correlation; // as it came, with its type
};

struct method_side : side_links {
  std::vector<open_call> calls;     // without an answer
  std::vector<std::string> waiting; // encoded answers that wait for credit, the oldest first
};

// What waits under this number; nullptr: nothing any more.
template <class Delivery>
Delivery* find_delivery(std::vector<Delivery>& among, model::delivery_number which) {
  const auto found = std::ranges::find(among, which, &Delivery::number);
  return found == among.end() ? nullptr : &*found;
}
// Precondition: it is one of these.
template <class Delivery>
void erase_delivery(std::vector<Delivery>& from, const Delivery* which) {
  from.erase(from.begin() + (which - from.data()));
}

struct device_commands {
  bool takes_c2d = false; // has a side for it
  c2d_side c2d;
  std::unique_ptr<method_side> methods; // none: the device takes no calls

  // All links, with the session.
  void close() {
    for (amqp::link* one : {&c2d.in, methods ? &methods->in : nullptr, methods ? &methods->out : nullptr})
      if (one != nullptr && *one) one->close();
  }
};

} // namespace causeway::hub
