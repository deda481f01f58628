// SPDX-License-Identifier: Apache-2.0
// For tests: a client's AMQP engine and a hub_connection, joined in memory.
#pragma once

#include "amqp/message.h"
#include "emulator/hub/hub_connection.h"
#include "emulator/hub/test_wire.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace causeway::emulator {

using namespace std::chrono_literals;

inline azure::signing_key key_of(std::string bytes) {
  return azure::signing_key{secret{std::move(bytes)}};
}
inline key_pair keys_of(const std::string& name) {
  return {key_of(name + " primary"), key_of(name + " secondary")};
}

// The performatives in a stream of AMQP frames that follows an AMQP header, without heartbeats: 0x14
// transfer, 0x15 disposition, … (AMQP 1.0 part 2.3 and 2.7).
inline std::vector<int> performatives(std::string_view bytes) {
  std::vector<int> codes;
  while (bytes.size() >= 8) {
    std::size_t size = 0;
    for (std::size_t i = 0; i < 4; ++i)
      size = (size << 8U) | static_cast<std::uint8_t>(bytes[i]);
    if (size > 8) codes.push_back(static_cast<std::uint8_t>(bytes[10]));
    bytes.remove_prefix(std::min(size, bytes.size()));
  }
  return codes;
}

class hub_connection_test : public ::testing::Test {
protected:
  hub_connection_test() {
    registry_.put_policy("device", {keys_of("device policy"), true});
    registry_.put_policy("service", {keys_of("service policy"), false});
    for (const auto* name : {"dev-1", "dev-2"})
      registry_.put(identity{name}, keys_of(name), true);
    connect();
  }

  void connect() {
    client_.reset();
    connection_.reset();
    events_.clear();
    connection_.emplace(hub_, clock_.now());
    amqp::engine_options options;
    options.container_id = "client";
    options.host_name = "localhost";
    client_.emplace(std::move(options));
    client_->open();
    exchange();
  }

  // Carries bytes to and fro until both are silent. Returns what the hub wrote.
  std::string exchange() {
    return carry_all(*client_, *connection_, clock_, [this](amqp::event& event) {
      if (event.kind == amqp::event_kind::message) event.delivery.settle({amqp::outcome_kind::accepted, {}});
      events_.push_back(std::move(event));
    });
  }

  amqp::session begin() {
    auto session = client_->new_session();
    session.open();
    return session;
  }

  void open_cbs() {
    session_ = begin();
    const auto links = open_cbs_links(session_, 50);
    cbs_out_ = links.out;
    cbs_in_ = links.in;
    exchange();
  }

  void send_put_token(const std::string& token, amqp::value id = {std::string{"id"}}, bool settled = false) {
    auto request = request_to_put(token);
    request.message_id = std::move(id);
    request.to = "$cbs";
    cbs_out_.send(std::to_string(++tags_), amqp::encode_message(request), settled);
  }

  std::vector<amqp::message> answers() {
    std::vector<amqp::message> messages;
    for (const auto& event : events_)
      if (event.kind == amqp::event_kind::message) messages.push_back(*amqp::decode_message(event.payload));
    return messages;
  }

  // Puts a token and returns the status of its answer.
  int put_token(const std::string& token) {
    events_.clear();
    send_put_token(token);
    exchange();
    const auto all = answers();
    if (all.size() != 1) return -1;
    const auto* status = all[0].application_property("status-code");
    const auto* number = status == nullptr ? nullptr : status->as<std::int32_t>();
    return number == nullptr ? -2 : static_cast<int>(*number);
  }

  std::string token(const std::string& resource, const azure::signing_key& key,
                    const std::string& policy = {}, std::chrono::seconds life = 1h) {
    return std::string{azure::make_sas_token(resource, key, clock_.now().wall + life, policy).reveal()};
  }
  std::string device_token(const std::string& device, std::chrono::seconds life = 1h) {
    return token("localhost/devices/" + device, keys_of(device).primary, {}, life);
  }

  amqp::link attach(const std::string& address, const std::string& name = "telemetry") {
    auto link = session_.sender(name);
    link.set_target(address);
    link.set_source("here");
    link.set_properties(
        {amqp::value_map{{{amqp::symbol{"com.microsoft:client-version"}}, {std::string{"test"}}}}});
    link.open();
    events_.clear();
    exchange();
    return link;
  }

  amqp::link attach_device(const std::string& device) {
    return attach("/devices/" + device + "/messages/events", "telemetry-" + device);
  }

  void send(amqp::link link, const std::string& body, const std::string& id = "m", bool settled = false) {
    amqp::message m;
    m.message_id = {id};
    m.kind = amqp::message::body_kind::data;
    m.data = body;
    link.send(std::to_string(++tags_), amqp::encode_message(m), settled);
  }

  std::vector<amqp::outcome> outcomes() {
    std::vector<amqp::outcome> all;
    for (auto& event : events_)
      if (event.kind == amqp::event_kind::outcome) all.push_back(event.delivery.remote_outcome());
    return all;
  }

  std::optional<amqp::condition> detached() {
    for (const auto& event : events_)
      if (event.kind == amqp::event_kind::link_closed) return event.link.remote_condition();
    return std::nullopt;
  }

  manual_clock clock_;
  identity_registry registry_{{"localhost", "127.0.0.1"}};
  arrivals arrivals_{"localhost"};
  fault_table faults_;
  hub_service hub_{registry_, arrivals_, faults_, "DeviceGateway_00112233445566778899aabbccddeeff"};
  std::optional<hub_connection> connection_;
  std::optional<amqp::engine> client_;
  std::vector<amqp::event> events_;
  amqp::session session_;
  amqp::link cbs_out_, cbs_in_;
  int tags_ = 0;
};

} // namespace causeway::emulator
