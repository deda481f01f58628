// SPDX-License-Identifier: Apache-2.0
// For tests: what every client of an emulated hub in memory does: its bytes are carried, `$cbs` is opened, a
// token is put.
#pragma once

#include "amqp/message.h"
#include "emulator/hub/hub_connection.h"

#include <string>
#include <utility>

namespace causeway::emulator {

// To and fro until both are silent; take: what the client's engine has to say. Returns what the hub wrote.
template <class Take>
std::string carry_all(amqp::engine& client, hub_connection& hub, const manual_clock& clock, Take take) {
  std::string from_hub;
  for (bool moved = true; moved;) {
    moved = false;
    std::string bytes;
    if (client.take_output(bytes)) {
      hub.feed(bytes, clock.now());
      moved = true;
    }
    bytes.clear();
    if (hub.take_output(bytes)) {
      from_hub += bytes;
      client.feed(bytes);
      moved = true;
    }
    while (auto event = client.next_event())
      take(*event);
  }
  return from_hub;
}

struct cbs_links {
  amqp::link out, in;
};
inline cbs_links open_cbs_links(amqp::session on, int credit) {
  cbs_links made{on.sender("cbs-out"), on.receiver("cbs-in")};
  made.out.set_target("$cbs");
  made.out.open();
  made.in.set_source("$cbs");
  made.in.set_target("cbs");
  made.in.open();
  made.in.add_credit(credit);
  return made;
}

inline amqp::message request_to_put(const std::string& token) {
  amqp::message request;
  request.message_id = {std::string{"id"}};
  request.reply_to = "cbs";
  request.application_properties = {
      {{std::string{"operation"}}, {std::string{"put-token"}}},
      {{std::string{"type"}}, {std::string{"servicebus.windows.net:sastoken"}}},
      {{std::string{"name"}}, {std::string{"whatever"}}},
  };
  request.kind = amqp::message::body_kind::value;
  request.body = {token};
  return request;
}

} // namespace causeway::emulator
