// SPDX-License-Identifier: Apache-2.0
// For this module's tests: a client and a server engine joined by their bytes.
#pragma once

#include "amqp/engine.h"

#include <algorithm>
#include <vector>

namespace causeway::amqp {

struct engine_pair {
  engine client, server;
  std::vector<event> client_events, server_events;
  std::string to_server, to_client; // all bytes so far
  std::size_t at_once = 1'000'000;  // how many bytes are handed over at a time
  // What the server does by itself, for tests about something else.
  bool server_answers = true;

  explicit engine_pair(engine_options for_client = client_options(),
                       engine_options for_server = server_options())
      : client{std::move(for_client)}, server{std::move(for_server)} {}

  static engine_options client_options() { return {.container_id = "gateway", .host_name = "hub.example"}; }
  static engine_options server_options() {
    return {.side = role::server, .container_id = "DeviceGateway_1", .host_name = "localhost"};
  }

  void hand_over(engine& to, std::string_view bytes) const {
    for (std::size_t at = 0; at < bytes.size(); at += at_once)
      to.feed(bytes.substr(at, at_once));
  }

  void answer(event& happened) {
    switch (happened.kind) {
    case event_kind::connection_opened:
      server.open();
      break;
    case event_kind::connection_closed:
      server.close();
      break;
    case event_kind::session_opened:
      happened.session.open();
      break;
    case event_kind::session_closed:
      happened.session.close();
      happened.session.free();
      break;
    case event_kind::link_opened:
      happened.link.copy_remote();
      happened.link.open();
      if (!happened.link.is_sender()) happened.link.add_credit(100);
      break;
    case event_kind::link_closed:
      happened.link.close();
      happened.link.free();
      break;
    default:
      break;
    }
  }

  // Until nothing moves any more.
  void settle_down() {
    for (bool moved = true; moved;) {
      moved = false;
      std::string bytes;
      if (client.take_output(bytes)) moved = true;
      hand_over(server, bytes);
      to_server += bytes;
      while (auto happened = server.next_event()) {
        moved = true;
        if (server_answers) answer(*happened);
        server_events.push_back(std::move(*happened));
      }
      bytes.clear();
      if (server.take_output(bytes)) moved = true;
      hand_over(client, bytes);
      to_client += bytes;
      while (auto happened = client.next_event()) {
        moved = true;
        client_events.push_back(std::move(*happened));
      }
    }
  }

  static std::size_t count(const std::vector<event>& events, event_kind kind) {
    return static_cast<std::size_t>(
        std::count_if(events.begin(), events.end(), [kind](const event& e) { return e.kind == kind; }));
  }
  // The last of its kind; nullptr when there is none.
  static const event* last(const std::vector<event>& events, event_kind kind) {
    const auto found =
        std::find_if(events.rbegin(), events.rend(), [kind](const event& e) { return e.kind == kind; });
    return found == events.rend() ? nullptr : &*found;
  }

  // An open connection with a session.
  session open_session() {
    client.open();
    auto opened = client.new_session();
    opened.open();
    settle_down();
    return opened;
  }
  link open_sender(session on, const std::string& name = "telemetry") {
    auto opened = on.sender(name);
    opened.set_target("/devices/dev-1/messages/events");
    opened.open();
    settle_down();
    return opened;
  }
  link open_receiver(session on, const std::string& name = "c2d", int credit = 10) {
    auto opened = on.receiver(name);
    opened.set_source("/devices/dev-1/messages/devicebound");
    opened.open();
    opened.add_credit(credit);
    settle_down();
    return opened;
  }
  link server_link() const { return last(server_events, event_kind::link_opened)->link; }
};

} // namespace causeway::amqp
