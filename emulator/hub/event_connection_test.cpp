// SPDX-License-Identifier: Apache-2.0
#include "emulator/hub/event_connection.h"

#include "amqp/message.h"

#include <gtest/gtest.h>

namespace causeway::emulator {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t selector_code = 0x468C00000004;

key_pair policy_keys(const std::string& name) {
  return {azure::signing_key{secret{name + " primary"}}, azure::signing_key{secret{name + " secondary"}}};
}

struct reader {
  reader(event_endpoint& endpoint, manual_clock& at) : clock{at}, connection{endpoint, at.now()} {
    amqp::engine_options options;
    options.container_id = "reader";
    options.host_name = "localhost";
    client.emplace(std::move(options));
    client->open();
    session = client->new_session();
    session.open();
    exchange();
  }

  void exchange() {
    for (bool moved = true; moved;) {
      moved = false;
      std::string bytes;
      if (client->take_output(bytes)) {
        connection.feed(bytes, clock.now());
        moved = true;
      }
      bytes.clear();
      if (connection.take_output(bytes)) {
        client->feed(bytes);
        moved = true;
      }
      while (auto event = client->next_event()) {
        if (event->kind == amqp::event_kind::message) {
          if (accepts) event->delivery.settle({amqp::outcome_kind::accepted, {}});
          messages.push_back(*amqp::decode_message(event->payload));
        }
        if (event->kind == amqp::event_kind::link_closed) ends.push_back(event->link.remote_condition());
      }
    }
  }
  void tick() {
    connection.tick(clock.now());
    exchange();
  }

  static amqp::value text(const std::string& value) { return {value}; }

  void ask(amqp::link& link, const std::string& address, amqp::message request) {
    if (!link) {
      auto answers = session.receiver(address + " answers " + std::to_string(++tags));
      answers.set_source(address);
      answers.set_target("reply");
      answers.open();
      answers.add_credit(100);
      link = session.sender(address + std::to_string(++tags));
      link.set_target(address);
      link.open();
      exchange();
    }
    if (link.credit() <= 0) return; // refused
    request.reply_to = "reply";
    link.send(std::to_string(++tags), amqp::encode_message(request), false);
    exchange();
  }
  std::int32_t put_token(const std::string& resource, const std::string& policy = "service",
                         std::chrono::seconds life = 1h) {
    amqp::message request;
    request.message_id = text("id");
    request.application_properties = {{text("operation"), text("put-token")},
                                      {text("type"), text("servicebus.windows.net:sastoken")},
                                      {text("name"), text(resource)}};
    request.kind = amqp::message::body_kind::value;
    // Event Hubs clients sign with the key's text.
    const auto key = azure::signing_key{policy_keys(policy).primary.base64()};
    request.body =
        text(std::string{azure::make_sas_token(resource, key, clock.now().wall + life, policy).reveal()});
    messages.clear();
    ask(cbs, "$cbs", std::move(request));
    return *messages.at(0).application_property("status-code")->as<std::int32_t>();
  }
  std::optional<amqp::message> manage(const std::string& type, const std::string& partition = "") {
    amqp::message request;
    request.message_id = text("m");
    request.application_properties = {{text("operation"), text("READ")},
                                      {text("name"), text("iothub-0")},
                                      {text("type"), text(type)},
                                      {text("partition"), text(partition)}};
    messages.clear();
    ask(management, "$management", std::move(request));
    if (messages.empty()) return std::nullopt;
    return messages.at(0);
  }
  amqp::link read(int partition, int credit, const std::string& selector = "",
                  std::optional<std::int64_t> epoch = {}, const std::string& group = "$Default") {
    auto link = session.receiver("reader " + std::to_string(++tags));
    link.set_source("iothub-0/ConsumerGroups/" + group + "/Partitions/" + std::to_string(partition));
    if (!selector.empty()) {
      amqp::described filter{std::make_shared<const amqp::value>(amqp::value{selector_code}),
                             std::make_shared<const amqp::value>(text(selector))};
      amqp::value_map map;
      map.emplace_back(amqp::value{amqp::symbol{"apache.org:selector-filter:string"}},
                       amqp::value{std::move(filter)});
      link.set_source_filter({std::move(map)});
    }
    if (epoch) {
      amqp::value_map map;
      map.emplace_back(amqp::value{amqp::symbol{"com.microsoft:epoch"}}, amqp::value{*epoch});
      link.set_properties({std::move(map)});
    }
    link.open();
    if (credit > 0) link.add_credit(credit);
    messages.clear();
    exchange();
    return link;
  }
  std::vector<std::string> bodies() const {
    std::vector<std::string> found;
    for (const auto& message : messages)
      found.push_back(message.data);
    return found;
  }

  manual_clock& clock;
  event_connection connection;
  std::optional<amqp::engine> client;
  amqp::session session;
  amqp::link cbs, management;
  std::vector<amqp::message> messages;
  std::vector<amqp::condition> ends;
  bool accepts = true;
  int tags = 0;
};

class event_connection_test : public ::testing::Test {
protected:
  event_connection_test() {
    registry_.put_policy("service", {policy_keys("service"), false, true});
    registry_.put_policy("device", {policy_keys("device"), true, false});
  }

  void append(const std::string& body, const std::string& device = "dev-1") {
    amqp::message message;
    message.message_id = {std::string{"id " + body}};
    message.content_type = "application/json";
    message.content_encoding = "utf-8";
    message.application_properties = {
        {{std::string{"colour"}}, {std::string{"red"}}},
        {{std::string{"iothub-connection-device-id"}}, {std::string{"forged"}}}};
    message.kind = amqp::message::body_kind::data;
    message.data = body;
    hub_event event;
    event.device = identity{device};
    event.generation = 7;
    event.by_policy = true;
    event.encoded = amqp::encode_message(message);
    event.at = clock_.now().wall;
    log_.append(std::move(event));
  }

  manual_clock clock_;
  identity_registry registry_{{"localhost"}};
  event_log log_{{.partitions = 1}};
  event_endpoint endpoint_{{{"iothub-0", &log_, &registry_}}};
};

TEST_F(event_connection_test, delivers_what_was_sent_under_the_hubs_annotations) {
  append("{}");
  reader at{endpoint_, clock_};
  ASSERT_EQ(at.put_token("sb://localhost:15673/iothub-0"), 202);
  at.read(0, 10, "amqp.annotation.x-opt-offset > '-1'");
  ASSERT_EQ(at.messages.size(), 1U);
  const auto& message = at.messages[0];
  EXPECT_EQ(message.data, "{}");
  EXPECT_EQ(*message.message_id.text(), "id {}");
  EXPECT_EQ(message.content_type, "application/json");
  EXPECT_EQ(message.content_encoding, "utf-8");
  ASSERT_EQ(message.application_properties.size(), 1U);
  EXPECT_EQ(*message.application_property("colour")->text(), "red");
  EXPECT_EQ(*message.annotation("x-opt-sequence-number")->as<std::int64_t>(), 0);
  EXPECT_EQ(*message.annotation("x-opt-offset")->text(), "0");
  EXPECT_EQ(message.annotation("x-opt-enqueued-time")->as<amqp::timestamp>()->milliseconds, 1767225600000);
  EXPECT_EQ(*message.annotation("iothub-connection-device-id")->text(), "dev-1");
  EXPECT_EQ(*message.annotation("x-opt-partition-key")->text(), "dev-1");
  EXPECT_EQ(*message.annotation("iothub-connection-auth-generation-id")->text(), "7");
  EXPECT_EQ(*message.annotation("iothub-connection-auth-method")->text(),
            R"({"scope":"hub","type":"sas","issuer":"iothub","acceptingIpFilterRule":null})");
  EXPECT_EQ(*message.annotation("iothub-message-source")->text(), "Telemetry");
}

TEST_F(event_connection_test, sends_no_more_than_there_is_credit_for_and_new_events_as_they_come) {
  for (int i = 0; i < 5; ++i)
    append(std::to_string(i));
  reader at{endpoint_, clock_};
  at.put_token("sb://localhost:15673/iothub-0");
  auto link = at.read(0, 0, "amqp.annotation.x-opt-sequence-number > '1'");
  EXPECT_TRUE(at.messages.empty());
  link.add_credit(2);
  at.exchange();
  EXPECT_EQ(at.bodies(), (std::vector<std::string>{"2", "3"}));
  link.add_credit(10);
  at.exchange();
  append("5");
  at.tick();
  EXPECT_EQ(at.bodies(), (std::vector<std::string>{"2", "3", "4", "5"}));
  EXPECT_EQ(endpoint_.totals().delivered, 4U);
}

TEST_F(event_connection_test, holds_back_when_a_reader_settles_nothing) {
  for (std::size_t i = 0; i < event_connection::max_in_flight + 10; ++i)
    append("x");
  reader at{endpoint_, clock_};
  at.put_token("sb://localhost:15673/iothub-0");
  at.accepts = false;
  at.read(0, 100'000);
  for (int i = 0; i < 20; ++i)
    at.tick();
  EXPECT_EQ(at.messages.size(), event_connection::max_in_flight);
}

// rhea settles what was on its way when it ended its session.
TEST_F(event_connection_test, a_disposition_behind_the_end_of_its_session_leaves_the_connection_open) {
  append("0");
  reader at{endpoint_, clock_};
  at.put_token("sb://localhost:15673/iothub-0");
  at.accepts = false;
  at.read(0, 10);
  ASSERT_EQ(at.messages.size(), 1U);
  at.session.close();
  at.exchange();
  EXPECT_EQ(endpoint_.receivers(), 0U);
  // On channel 0: role receiver, first 0, settled.
  constexpr std::string_view late{"\x00\x00\x00\x12\x02\x00\x00\x00\x00\x53\x15\xc0\x05\x04\x41\x43\x43\x41",
                                  18};
  at.connection.feed(late, clock_.now());
  at.exchange();
  EXPECT_FALSE(at.connection.finished());
  at.accepts = true;
  at.session = at.client->new_session();
  at.session.open();
  at.read(0, 10);
  EXPECT_EQ(at.bodies(), (std::vector<std::string>{"0"}));
}

TEST_F(event_connection_test, answers_what_the_hub_and_a_partition_look_like) {
  append("one");
  append("two");
  reader at{endpoint_, clock_};
  EXPECT_FALSE(at.manage("com.microsoft:eventhub")); // before there is a token
  at.management = {};
  at.put_token("sb://localhost:15673/iothub-0/$management");
  const auto hub = at.manage("com.microsoft:eventhub");
  ASSERT_TRUE(hub);
  EXPECT_EQ(*hub->application_property("status-code")->as<std::int32_t>(), 200);
  EXPECT_EQ(*hub->body.find("partition_count")->as<std::int32_t>(), 1);
  EXPECT_EQ(*hub->body.find("partition_ids")->as<amqp::value_array>()->items.at(0).text(), "0");
  const auto partition = at.manage("com.microsoft:partition", "0");
  ASSERT_TRUE(partition);
  EXPECT_EQ(*partition->body.find("last_enqueued_sequence_number")->as<std::int64_t>(), 1);
  EXPECT_FALSE(*partition->body.find("is_partition_empty")->as<bool>());
  EXPECT_EQ(
      *at.manage("com.microsoft:partition", "1")->application_property("status-code")->as<std::int32_t>(),
      400);
}

TEST_F(event_connection_test, a_higher_epoch_takes_the_partition_over) {
  reader first{endpoint_, clock_}, second{endpoint_, clock_};
  first.put_token("sb://localhost:15673/iothub-0");
  second.put_token("sb://localhost:15673/iothub-0");
  first.read(0, 10, "", 1);
  second.read(0, 10, "", 2);
  first.tick();
  ASSERT_EQ(first.ends.size(), 1U);
  EXPECT_EQ(first.ends[0].name, "amqp:link:stolen");
  EXPECT_TRUE(second.ends.empty());
  first.read(0, 10, "", 1); // lower
  first.read(0, 10);        // none
  ASSERT_EQ(first.ends.size(), 3U);
  EXPECT_EQ(first.ends[2].name, "amqp:link:stolen");
  EXPECT_TRUE(second.ends.empty());
  first.read(0, 10, "", 0, "other");
  EXPECT_EQ(first.ends.size(), 3U);
  EXPECT_EQ(endpoint_.receivers(), 2U);
}

TEST_F(event_connection_test, a_sixth_reader_without_an_epoch_is_refused) {
  reader at{endpoint_, clock_};
  at.put_token("sb://localhost:15673/iothub-0");
  for (int i = 0; i < 5; ++i)
    at.read(0, 0);
  EXPECT_TRUE(at.ends.empty());
  at.read(0, 0);
  ASSERT_EQ(at.ends.size(), 1U);
  EXPECT_EQ(at.ends[0].name, "amqp:resource-limit-exceeded");
}

TEST_F(event_connection_test, refuses_what_a_token_does_not_open) {
  reader at{endpoint_, clock_};
  at.read(0, 10);
  EXPECT_EQ(at.ends.back().name, "amqp:unauthorized-access");
  EXPECT_EQ(at.put_token("sb://localhost:15673/iothub-0", "device"), 401);
  EXPECT_EQ(at.put_token("sb://localhost:15673/iothub-9"), 404);
  EXPECT_EQ(at.put_token("sb://elsewhere/iothub-0"), 401);
  EXPECT_EQ(at.put_token("sb://localhost:15673/iothub-0/consumergroups/$default/partitions/1"), 202);
  at.read(0, 10);
  EXPECT_EQ(at.ends.size(), 2U);
  EXPECT_EQ(at.put_token("sb://localhost:15673/iothub-0"), 202);
  at.read(3, 10);
  EXPECT_EQ(at.ends.back().name, "com.microsoft:argument-out-of-range");
  at.read(0, 10, "colour = 'red'");
  EXPECT_EQ(at.ends.back().name, "com.microsoft:argument-error");
}

TEST_F(event_connection_test, ends_a_reader_whose_token_runs_out) {
  reader at{endpoint_, clock_};
  at.put_token("sb://localhost:15673/iothub-0", "service", 30s);
  at.read(0, 10);
  EXPECT_TRUE(at.ends.empty());
  clock_.advance(30s);
  at.tick();
  ASSERT_EQ(at.ends.size(), 1U);
  EXPECT_EQ(at.ends[0].name, "amqp:unauthorized-access");
  EXPECT_EQ(endpoint_.receivers(), 0U);
}

} // namespace
} // namespace causeway::emulator
