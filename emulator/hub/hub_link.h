// SPDX-License-Identifier: Apache-2.0
// What is kept of a link and of a session. Owned by the connection's hub_links; the hub_service refers to
// links that are attached, by device.
#pragma once

#include "amqp/engine.h"
#include "base/clock.h"
#include "base/ids.h"
#include "emulator/hub/link_claim.h"

#include <list>
#include <map>
#include <optional>
#include <string>

namespace causeway::emulator {

class hub_links;
struct hub_session;
struct hub_link;

using attach_queue = std::multimap<mono_time, hub_link*>;

struct hub_link {
  hub_links* owner = nullptr;
  hub_session* session = nullptr;
  std::list<hub_link>::iterator self;
  amqp::link link;
  link_kind kind{};
  bool attached = false;     // in the books of the hub_service
  bool awaited = false;      // likewise, but its attach is not answered yet; telemetry alone
  bool served = false;       // the hub's desks know it; see device_desks
  bool closing = false;      // the hub has detached it
  int used = 0;              // credit that the peer has used up
  int withheld = 0;          // credit that the fault withhold_credit keeps from the peer
  identity device;           // empty: `$cbs`, or a service's link
  wall_time opened{};        // when it was attached
  std::string reply_address; // cbs_answer: what requests name as reply-to
  amqp::condition refusal;   // why it will be refused
  std::optional<attach_queue::iterator> due_answer; // the attach has not been answered

  // Of these links a device has one, the newest (azure-iot-wire.md B.11).
  bool exclusive() const {
    return link.is_sender() &&
           (kind == link_kind::c2d || kind == link_kind::method || kind == link_kind::twin);
  }
  bool is_services() const { return is_of_services(kind); }
  // The other one of a device's pair, for methods or its twin: in the same session (B.4). Null: there is
  // none.
  hub_link* partner() const;
};

struct hub_session {
  std::list<hub_session>::iterator self;
  std::list<hub_link> links; // the newest first
};

inline hub_link* hub_link::partner() const {
  for (auto& other : session->links)
    if (other.served && !other.closing && other.kind == kind && other.device == device &&
        other.link.is_sender() != link.is_sender())
      return &other;
  return nullptr;
}

} // namespace causeway::emulator
