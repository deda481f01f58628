// SPDX-License-Identifier: Apache-2.0
// For tests: a client of an emulated hub that has links for what goes down to devices, and settles nothing by
// itself. It is joined to the hub in memory.
#pragma once

#include "emulator/hub/hub_test_client.h"
#include "emulator/hub/test_wire.h"

#include <algorithm>

namespace causeway::emulator {

struct desk_message {
  amqp::link on;
  amqp::delivery delivery;
  bool settled = false;
  amqp::message message;

  template <class T>
  T note(std::string_view name) const {
    const auto* found = message.annotation(name);
    const auto* value = found == nullptr ? nullptr : found->as<T>();
    EXPECT_NE(value, nullptr) << name << " is absent, or of another type";
    return value == nullptr ? T{} : *value;
  }
};

class desk_client {
public:
  explicit desk_client(test_hub& hub) : connection{hub.service, hub.clock.now()}, hub_{hub} {
    amqp::engine_options options;
    options.container_id = "client";
    options.idle_time_out = 0ms;
    engine_.emplace(std::move(options));
    engine_->open();
    session_ = engine_->new_session();
    session_.open();
    cbs_ = open_cbs_links(session_, 100).out;
    exchange();
  }

  // Carries bytes to and fro until both are silent. Returns what the hub wrote.
  std::string exchange() {
    return carry_all(*engine_, connection, hub_.clock, [this](amqp::event& event) { note(event); });
  }

  void put_token(const std::string& token) {
    cbs_.send(std::to_string(++tags_), amqp::encode_message(request_to_put(token)), true);
    exchange();
  }

  amqp::session new_session() {
    auto session = engine_->new_session();
    session.open();
    return session;
  }
  amqp::link receiver(const std::string& source, int credit, amqp::session in = {},
                      amqp::receive_mode mode = amqp::receive_mode::first) {
    auto link = (in ? in : session_).receiver("receiver " + std::to_string(++tags_));
    link.set_source(source);
    link.set_settle_modes(amqp::settle_mode::mixed, mode);
    link.open();
    if (credit > 0) link.add_credit(credit);
    exchange();
    return link;
  }
  amqp::link sender(const std::string& target, amqp::session in = {}) {
    auto link = (in ? in : session_).sender("sender " + std::to_string(++tags_));
    link.set_target(target);
    link.open();
    exchange();
    return link;
  }
  amqp::link c2d(const std::string& device, int credit, amqp::receive_mode mode = amqp::receive_mode::first) {
    return receiver("/devices/" + device + "/messages/devicebound", credit, {}, mode);
  }
  std::string send(amqp::link link, const amqp::message& message, bool settled = false) {
    link.send(std::to_string(++tags_), amqp::encode_message(message), settled);
    return exchange();
  }
  void settle(desk_message& message, amqp::outcome_kind how) {
    message.delivery.settle({how, {}});
    exchange();
  }

  // What has come since it was last asked.
  std::vector<desk_message> take() { return std::exchange(messages_, {}); }
  // The only one that has come.
  desk_message take_one() {
    auto all = take();
    EXPECT_EQ(all.size(), 1U);
    return all.empty() ? desk_message{} : std::move(all.front());
  }
  std::vector<amqp::outcome> take_outcomes() { return std::exchange(outcomes_, {}); }
  std::vector<std::string> take_detaches() { return std::exchange(detaches_, {}); }

private:
  void note(amqp::event& event) {
    switch (event.kind) {
    case amqp::event_kind::message:
      if (event.link.name() == "cbs-in")
        event.delivery.settle({amqp::outcome_kind::accepted, {}});
      else
        messages_.push_back(
            {event.link, event.delivery, event.settled, *amqp::decode_message(event.payload)});
      break;
    case amqp::event_kind::outcome:
      outcomes_.push_back(event.delivery.remote_outcome());
      event.delivery.settle();
      break;
    case amqp::event_kind::link_closed:
      detaches_.push_back(event.link.remote_condition().name);
      break;
    default:
      break;
    }
  }

public:
  hub_connection connection;

private:
  test_hub& hub_;
  std::optional<amqp::engine> engine_;
  amqp::session session_;
  amqp::link cbs_;
  std::vector<desk_message> messages_;
  std::vector<amqp::outcome> outcomes_;
  std::vector<std::string> detaches_;
  int tags_ = 0;
};

// Two devices and whoever speaks for them; a service's policy, and one that may do all.
class desk_test : public ::testing::Test {
protected:
  desk_test() {
    hub_.add_devices(2);
    hub_.registry.put_policy("service", {test_keys("service policy"), false, true});
    hub_.registry.put_policy("owner", {test_keys("owner policy"), true, true});
  }
  std::string policy_token(const std::string& policy, std::chrono::seconds life = 1h) const {
    return std::string{azure::make_sas_token("localhost", test_keys(policy + " policy").primary,
                                             hub_.clock.now().wall + life, policy)
                           .reveal()};
  }
  static hub_message message(const std::string& id, ack_mode ack = ack_mode::none) {
    hub_message made;
    made.message_id = id;
    made.body = "body of " + id;
    made.ack = ack;
    return made;
  }
  c2d_verdict send(const std::string& id, ack_mode ack = ack_mode::none) {
    return hub_.service.desks().send(device_, message(id, ack), hub_.clock.now());
  }
  void pass_after(std::chrono::seconds time) {
    hub_.clock.advance(time);
    hub_.service.desks().pass(hub_.clock.now());
  }
  const c2d_totals& figures() { return hub_.service.desks().state().mail.totals(); }
  static std::vector<std::string> ids_of(const std::vector<desk_message>& messages) {
    std::vector<std::string> ids;
    ids.reserve(messages.size());
    for (const auto& one : messages)
      ids.push_back(*one.message.message_id.text());
    return ids;
  }
  using strings = std::vector<std::string>;

  test_hub hub_;
  const identity device_{"dev-0"};
};

} // namespace causeway::emulator
