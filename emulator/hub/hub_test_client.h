// SPDX-License-Identifier: Apache-2.0
// For tests: a hub with its options, and any number of clients that are joined to it in memory.
#pragma once

#include "amqp/message.h"
#include "emulator/hub/hub_connection.h"
#include "emulator/hub/test_wire.h"

#include <gtest/gtest.h>

namespace causeway::emulator {

using namespace std::chrono_literals;

inline key_pair test_keys(const std::string& name) {
  return {azure::signing_key{secret{name + " primary"}}, azure::signing_key{secret{name + " secondary"}}};
}

struct test_hub {
  explicit test_hub(hub_options options = {})
      : service{registry, messages, faults, "DeviceGateway_00112233445566778899aabbccddeeff", 0, options} {
    registry.put_policy("device", {test_keys("device policy"), true});
  }

  void add_devices(int count) {
    for (int i = 0; i < count; ++i)
      registry.put(identity{name(i)}, test_keys(name(i)), true);
  }
  static std::string name(int i) { return "dev-" + std::to_string(i); }
  fault& add(fault_kind kind, const std::string& pattern = "*") {
    fault rule;
    rule.kind = kind;
    rule.pattern = pattern;
    faults.add(rule);
    return const_cast<fault&>(faults.rules().back());
  }
  std::string token(const std::string& device, std::chrono::seconds life = 1h) const {
    return std::string{azure::make_sas_token("localhost/devices/" + device, test_keys(device).primary,
                                             clock.now().wall + life)
                           .reveal()};
  }
  std::string policy_token(std::chrono::seconds life = 1h) const {
    return std::string{azure::make_sas_token("localhost", test_keys("device policy").primary,
                                             clock.now().wall + life, "device")
                           .reveal()};
  }

  manual_clock clock;
  identity_registry registry{{"localhost"}};
  arrivals messages{"localhost"};
  fault_table faults;
  hub_service service;
};

class hub_test_client {
public:
  explicit hub_test_client(test_hub& hub) : hub_{hub}, connection{hub.service, hub.clock.now()} {
    amqp::engine_options options;
    options.container_id = "client";
    options.host_name = "localhost";
    options.idle_time_out = 0ms;
    client.emplace(std::move(options));
    client->open();
    exchange();
  }

  // Carries bytes to and fro until both are silent.
  void exchange() {
    carry_all(*client, connection, hub_.clock, [this](amqp::event& event) { note(event); });
  }

  // Lets the hub's time pass up to now.
  std::optional<mono_time> tick() {
    const auto next = connection.tick(hub_.clock.now());
    exchange();
    return next;
  }

  void open_cbs() {
    cbs_out = open_cbs_links(new_session(), 2000).out;
    exchange();
  }

  void put_token(const std::string& token) {
    cbs_out.send(std::to_string(++tags_), amqp::encode_message(request_to_put(token)), true);
    exchange();
  }

  amqp::session new_session() {
    auto session = client->new_session();
    session.open();
    return session;
  }
  amqp::link telemetry(const std::string& device) {
    auto link = new_session().sender("telemetry " + std::to_string(++tags_));
    link.set_target("/devices/" + device + "/messages/events");
    link.open();
    exchange();
    return link;
  }
  amqp::link receiver(const std::string& device, const std::string& path = "/messages/devicebound") {
    auto link = new_session().receiver("receiver " + std::to_string(++tags_));
    link.set_source("/devices/" + device + path);
    link.open();
    exchange();
    return link;
  }
  // Token and telemetry link.
  amqp::link bring_online(const std::string& device, std::chrono::seconds life = 1h) {
    put_token(hub_.token(device, life));
    return telemetry(device);
  }
  void send(amqp::link link, const std::string& id) { send_body(link, id, "{}"); }
  void send_body(amqp::link link, const std::string& id, std::string body) {
    amqp::message m;
    m.message_id = {id};
    m.kind = amqp::message::body_kind::data;
    m.data = std::move(body);
    link.send(std::to_string(++tags_), amqp::encode_message(m), false);
    exchange();
  }

  // What has come since it was last asked.
  std::vector<int> take_statuses() { return std::exchange(statuses_, {}); }
  std::vector<std::string> take_texts() { return std::exchange(texts_, {}); }
  std::vector<amqp::outcome> take_outcomes() { return std::exchange(outcomes_, {}); }
  std::vector<amqp::condition> take_detaches() { return std::exchange(detaches_, {}); }
  std::optional<amqp::condition> closed;

private:
  void note(amqp::event& event) {
    switch (event.kind) {
    case amqp::event_kind::message: {
      const auto answer = amqp::decode_message(event.payload);
      statuses_.push_back(*answer->application_property("status-code")->as<std::int32_t>());
      texts_.push_back(*answer->application_property("status-description")->as<std::string>());
      event.delivery.settle({amqp::outcome_kind::accepted, {}});
      break;
    }
    case amqp::event_kind::outcome:
      outcomes_.push_back(event.delivery.remote_outcome());
      event.delivery.settle();
      break;
    case amqp::event_kind::link_closed:
      detaches_.push_back(event.link.remote_condition());
      break;
    case amqp::event_kind::connection_closed:
      closed = event.condition;
      break;
    default:
      break;
    }
  }

  test_hub& hub_;
  std::vector<int> statuses_;
  std::vector<std::string> texts_;
  std::vector<amqp::outcome> outcomes_;
  std::vector<amqp::condition> detaches_;
  int tags_ = 0;

public:
  hub_connection connection;
  std::optional<amqp::engine> client;
  amqp::link cbs_out;
};

} // namespace causeway::emulator
