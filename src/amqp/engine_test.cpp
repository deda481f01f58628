// SPDX-License-Identifier: Apache-2.0
// Sessions, links and deliveries between two engines; the connection itself is in transport_test.cpp.
#include "amqp/engine.h"

#include "amqp/engine_pair.h"
#include "amqp/test_bytes.h"

#include <gtest/gtest.h>

namespace causeway::amqp {
namespace {

using kind = event_kind;

TEST(engine, a_link_carries_addresses_modes_and_properties_both_ways) {
  engine_pair pair;
  auto session = pair.open_session();
  auto link = session.sender("dev-1/telemetry");
  const auto properties =
      of(value_map{{of(symbol{"com.microsoft:api-version"}), of(std::string{"2021-04-12"})},
                   {of(symbol{"com.microsoft:client-version"}), of(std::string{"causeway"})}});
  link.set_source("here");
  link.set_target("/devices/dev-1/messages/events");
  link.set_settle_modes(settle_mode::unsettled, receive_mode::second);
  link.set_properties(properties);
  link.set_max_message_size(262'144);
  link.open();
  EXPECT_FALSE(link.remote_open());
  pair.settle_down();

  const auto at_server = pair.server_link();
  EXPECT_EQ(at_server.name(), "dev-1/telemetry");
  EXPECT_FALSE(at_server.is_sender());
  EXPECT_EQ(at_server.remote_source(), "here");
  EXPECT_EQ(at_server.remote_target(), "/devices/dev-1/messages/events");
  EXPECT_EQ(at_server.remote_settle_mode(), settle_mode::unsettled);
  EXPECT_EQ(at_server.remote_receive_mode(), receive_mode::second);
  EXPECT_EQ(at_server.remote_properties(), properties);
  EXPECT_EQ(at_server.remote_max_message_size(), 262'144U);

  ASSERT_TRUE(link.remote_open());
  EXPECT_FALSE(link.remote_terminus_null());
  EXPECT_EQ(link.remote_source(), "here");
  EXPECT_EQ(link.remote_target(), "/devices/dev-1/messages/events");
  EXPECT_EQ(link.remote_properties(), properties);
  EXPECT_EQ(link.remote_max_message_size(), 0U);
  EXPECT_EQ(link.credit(), 100);
  EXPECT_EQ(pair.count(pair.client_events, kind::link_opened), 1U);
  EXPECT_EQ(pair.last(pair.client_events, kind::link_flow)->link, link);
  EXPECT_EQ(link.session(), session);
}

TEST(engine, contexts_find_the_callers_objects) {
  engine_pair pair;
  auto session = pair.open_session();
  auto link = pair.open_sender(session);
  EXPECT_EQ(session.context(), 0U);
  session.set_context(7);
  link.set_context(8);
  auto delivery = link.send("1", "x", false);
  delivery.set_context(9);
  pair.settle_down();
  auto received = pair.last(pair.server_events, kind::message)->delivery;
  received.settle({outcome_kind::accepted, {}});
  pair.settle_down();
  const auto* answered = pair.last(pair.client_events, kind::outcome);
  ASSERT_NE(answered, nullptr);
  EXPECT_EQ(answered->session.context(), 7U);
  EXPECT_EQ(answered->link.context(), 8U);
  EXPECT_EQ(answered->delivery.context(), 9U);
}

TEST(engine, each_outcome_comes_back_with_its_condition) {
  engine_pair pair;
  auto link = pair.open_sender(pair.open_session());
  const outcome table[] = {{outcome_kind::accepted, {}},
                           {outcome_kind::rejected, {"amqp:resource-limit-exceeded", "quota"}},
                           {outcome_kind::released, {}},
                           {outcome_kind::modified, {}}};
  for (const auto& with : table) {
    link.send("tag", "message", false);
    pair.settle_down();
    const auto* arrived = pair.last(pair.server_events, kind::message);
    ASSERT_NE(arrived, nullptr);
    EXPECT_EQ(arrived->payload, "message");
    EXPECT_EQ(arrived->delivery.tag(), "tag");
    EXPECT_FALSE(arrived->settled);
    auto delivery = arrived->delivery;
    delivery.settle(with);
    EXPECT_FALSE(delivery);
    pair.settle_down();
    const auto* answered = pair.last(pair.client_events, kind::outcome);
    ASSERT_NE(answered, nullptr);
    auto sent = answered->delivery;
    EXPECT_TRUE(sent.remotely_settled());
    EXPECT_EQ(sent.remote_outcome().kind, with.kind);
    EXPECT_EQ(sent.remote_outcome().reason.name, with.reason.name);
    EXPECT_EQ(sent.remote_outcome().reason.description, with.reason.description);
    sent.settle();
  }
  EXPECT_EQ(pair.count(pair.client_events, kind::outcome), 4U);
  EXPECT_EQ(link.credit(), 96);
}

TEST(engine, settled_messages_need_no_answer) {
  engine_pair pair;
  auto link = pair.open_sender(pair.open_session());
  EXPECT_FALSE(link.send("a", "one", true));
  EXPECT_FALSE(link.send("b", "two", true));
  pair.settle_down();
  ASSERT_EQ(pair.count(pair.server_events, kind::message), 2U);
  const auto* arrived = pair.last(pair.server_events, kind::message);
  EXPECT_EQ(arrived->payload, "two");
  EXPECT_TRUE(arrived->settled);
  auto nothing = arrived->delivery;
  nothing.settle({outcome_kind::accepted, {}});
  pair.settle_down();
  EXPECT_EQ(pair.count(pair.client_events, kind::outcome), 0U);
  for (const auto& frame : frames_of(pair.to_client))
    EXPECT_NE(frame.performative, 0x15U);
}

TEST(engine, a_receiver_that_drains_gets_its_credit_back_and_can_give_it_again) {
  engine_pair pair;
  auto receiver = pair.open_receiver(pair.open_session());
  auto sender = pair.server_link();
  sender.send("t", "one", false);
  pair.settle_down();
  receiver.drain();
  pair.settle_down();
  EXPECT_EQ(receiver.credit(), 9) << "it is the sender's to give back";
  sender.give_back_drained();
  pair.settle_down();
  EXPECT_EQ(sender.credit(), 0);
  EXPECT_EQ(receiver.credit(), 0);
  EXPECT_EQ(pair.last(pair.client_events, kind::link_flow)->link, receiver);
  receiver.add_credit(2);
  pair.settle_down();
  EXPECT_EQ(sender.credit(), 2);
  sender.give_back_drained();
  EXPECT_EQ(sender.credit(), 2) << "nobody asks for it any more";
}

TEST(engine, a_receiver_in_mode_second_gets_the_senders_settlement) {
  // azure-iot-wire.md B.6: the C# SDK's dispositions are not settled until the hub echoes the state
  engine_pair pair;
  pair.open_receiver(pair.open_session());
  auto sender = pair.server_link();
  ASSERT_EQ(sender.credit(), 10);
  sender.send(std::string(16, 't'), "command", false);
  pair.settle_down();
  ASSERT_EQ(pair.count(pair.client_events, kind::message), 1U);

  // The client's disposition by hand: role receiver, first 0, last null, settled false, accepted.
  std::string body;
  encode(body, describe(0x15, of(value_list{of(true), of(std::uint32_t{0}), value{}, of(false),
                                            describe(0x24, of(value_list{}))})));
  pair.server.feed(std::string{"\0\0\0", 3} + static_cast<char>(body.size() + 8) +
                   std::string{"\x02\0\0\0", 4} + body);
  const auto answered = pair.server.next_event();
  ASSERT_TRUE(answered && answered->kind == kind::outcome);
  auto delivery = answered->delivery;
  EXPECT_FALSE(delivery.remotely_settled());
  EXPECT_EQ(delivery.remote_outcome().kind, outcome_kind::accepted);
  std::string out;
  pair.server.take_output(out);
  out.clear();
  delivery.settle();
  pair.server.take_output(out);
  const auto frames = frames_of(out);
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(frames[0].performative, 0x15U);
  EXPECT_EQ(frames[0].fields[0], of(false));
  EXPECT_EQ(frames[0].fields[3], of(true));
  EXPECT_EQ(frames[0].fields[4], describe(0x24, of(value_list{})));
}

TEST(engine, a_disposition_taken_out_first_precedes_the_answer) {
  // azure-iot-wire.md B.2: the C SDK fails a put-token whose answer overtakes the disposition
  engine_pair pair;
  auto session = pair.open_session();
  auto requests = pair.open_sender(session, "cbs-out");
  pair.open_receiver(session, "cbs-in");
  auto answers = pair.server_link();
  requests.send("1", "put-token", false);
  pair.settle_down();
  auto request = pair.last(pair.server_events, kind::message)->delivery;
  std::string out;
  request.settle({outcome_kind::accepted, {}});
  EXPECT_TRUE(pair.server.take_output(out));
  answers.send("2", "200", true);
  EXPECT_TRUE(pair.server.take_output(out));
  EXPECT_FALSE(pair.server.take_output(out));
  std::vector<std::uint64_t> order;
  for (const auto& frame : frames_of(out))
    order.push_back(frame.performative);
  EXPECT_EQ(order, (std::vector<std::uint64_t>{0x15, 0x14}));
}

TEST(engine, messages_larger_than_a_frame_arrive_whole) {
  auto small_frames = engine_pair::server_options();
  small_frames.max_frame = 4096;
  engine_pair pair{engine_pair::client_options(), small_frames};
  auto link = pair.open_sender(pair.open_session());
  std::string large(200'000, 'x');
  for (std::size_t i = 0; i < large.size(); i += 97)
    large[i] = static_cast<char>(i % 251);
  link.send("1", large, false);
  link.send("2", "", false);
  link.send("3", large, true);
  pair.settle_down();
  std::vector<std::string> arrived;
  for (const auto& happened : pair.server_events)
    if (happened.kind == kind::message) arrived.push_back(happened.payload);
  ASSERT_EQ(arrived.size(), 3U);
  EXPECT_EQ(arrived[0], large);
  EXPECT_EQ(arrived[1], "");
  EXPECT_EQ(arrived[2], large);
}

TEST(engine, messages_above_the_links_limit_close_the_link_alone) {
  engine_pair pair;
  auto session = pair.open_session();
  auto other = pair.open_sender(session, "other");
  auto link = pair.open_sender(session, "large");
  link.send("1", std::string(default_max_message_size, 'x'), false);
  pair.settle_down();
  EXPECT_EQ(pair.count(pair.server_events, kind::message), 1U);
  link.send("2", std::string(5 * default_max_message_size, 'x'), false);
  pair.settle_down();
  EXPECT_EQ(pair.count(pair.server_events, kind::message), 1U);
  ASSERT_EQ(pair.count(pair.server_events, kind::message_aborted), 1U);
  EXPECT_EQ(pair.last(pair.server_events, kind::message_aborted)->condition.name,
            "amqp:link:message-size-exceeded");
  ASSERT_EQ(pair.count(pair.client_events, kind::link_closed), 1U);
  EXPECT_EQ(link.remote_condition().name, "amqp:link:message-size-exceeded");
  other.send("3", "still here", false);
  pair.settle_down();
  EXPECT_EQ(pair.last(pair.server_events, kind::message)->payload, "still here");
  EXPECT_EQ(pair.count(pair.server_events, kind::transport_fault), 0U);
}

TEST(engine, an_aborted_message_is_told_and_forgotten) {
  engine_pair pair;
  pair.open_sender(pair.open_session());
  const auto transfer = [&](std::uint32_t id, bool more, bool aborted, std::string_view payload) {
    std::string body;
    encode(body,
           describe(0x14, of(value_list{of(std::uint32_t{0}), of(id), of(binary{"t"}), of(std::uint32_t{0}),
                                        of(false), of(more), value{}, value{}, value{}, of(aborted)})));
    body += payload;
    pair.server.feed(std::string{"\0\0\0", 3} + static_cast<char>(body.size() + 8) +
                     std::string{"\x02\0\0\0", 4} + body);
    return pair.server.next_event();
  };
  EXPECT_FALSE(transfer(0, true, false, "half"));
  const auto aborted = transfer(0, false, true, "");
  ASSERT_TRUE(aborted && aborted->kind == kind::message_aborted);
  EXPECT_TRUE(aborted->condition.empty());
  EXPECT_FALSE(transfer(1, true, false, "who"));
  const auto whole = transfer(1, false, false, "le");
  ASSERT_TRUE(whole && whole->kind == kind::message);
  EXPECT_EQ(whole->payload, "whole");
}

TEST(engine, a_refused_attach_has_a_null_terminus_and_a_condition) {
  for (const bool sender : {true, false}) {
    engine_pair pair;
    auto session = pair.open_session();
    pair.server_answers = false;
    auto link = sender ? session.sender("x") : session.receiver("x");
    link.set_source("a");
    link.set_target("b");
    link.open();
    pair.settle_down();
    auto at_server = pair.server_link();
    at_server.refuse({"amqp:not-found", "Device dev-1 not registered"});
    pair.settle_down();
    ASSERT_EQ(pair.count(pair.client_events, kind::link_opened), 1U);
    ASSERT_EQ(pair.count(pair.client_events, kind::link_closed), 1U);
    EXPECT_TRUE(link.remote_terminus_null());
    EXPECT_EQ(link.remote_condition().name, "amqp:not-found");
    EXPECT_EQ(link.remote_condition().description, "Device dev-1 not registered");
    link.close();
    link.free();
    pair.settle_down();
    EXPECT_EQ(pair.count(pair.server_events, kind::link_closed), 1U);
    EXPECT_EQ(pair.count(pair.client_events, kind::transport_fault), 0U);
  }
}

TEST(engine, a_detach_and_an_end_carry_their_conditions) {
  engine_pair pair;
  auto session = pair.open_session();
  auto link = pair.open_sender(session);
  auto at_server = pair.server_link();
  at_server.close({"amqp:unauthorized-access", "Token Invalid"});
  pair.settle_down();
  ASSERT_EQ(pair.count(pair.client_events, kind::link_closed), 1U);
  EXPECT_FALSE(link.remote_open());
  EXPECT_EQ(link.remote_condition().name, "amqp:unauthorized-access");
  EXPECT_EQ(link.remote_condition().description, "Token Invalid");
  EXPECT_TRUE(session.remote_open());

  at_server.session().close({"amqp:internal-error", ""});
  pair.settle_down();
  ASSERT_EQ(pair.count(pair.client_events, kind::session_closed), 1U);
  EXPECT_FALSE(session.remote_open());
  EXPECT_EQ(session.remote_condition().name, "amqp:internal-error");
}

TEST(engine, freed_links_and_sessions_have_no_more_events) {
  engine_pair pair;
  auto session = pair.open_session();
  auto link = pair.open_sender(session);
  const auto delivery = link.send("1", "x", false);
  EXPECT_TRUE(delivery);
  pair.settle_down();
  pair.server_answers = false;
  auto at_server = pair.server_link();
  auto received = pair.last(pair.server_events, kind::message)->delivery;
  received.settle({outcome_kind::accepted, {}});
  at_server.add_credit(5);
  at_server.close();
  std::string bytes;
  pair.server.take_output(bytes);
  pair.client.feed(bytes);
  link.close();
  link.free();
  while (auto happened = pair.client.next_event())
    EXPECT_FALSE(happened->link);
  pair.settle_down();
  EXPECT_EQ(pair.count(pair.client_events, kind::transport_fault), 0U);
}

TEST(engine, devices_come_and_go_on_one_connection) {
  engine_pair pair;
  pair.open_session();
  for (int round = 0; round < 200; ++round) {
    auto session = pair.client.new_session();
    session.open();
    auto link = session.sender("link-" + std::to_string(round));
    link.open();
    pair.settle_down();
    ASSERT_EQ(link.credit(), 100);
    link.send("1", "x", false);
    pair.settle_down();
    link.close();
    session.close();
    pair.settle_down();
    session.free();
  }
  EXPECT_EQ(pair.count(pair.server_events, kind::message), 200U);
  EXPECT_EQ(pair.count(pair.client_events, kind::transport_fault), 0U);
}

TEST(engine, two_thousand_links_open_and_send) {
  engine_pair pair;
  pair.client.open();
  std::vector<link> links;
  for (int i = 0; i < 2000; ++i) {
    auto session = pair.client.new_session();
    session.open();
    links.push_back(session.sender("device-" + std::to_string(i)));
    links.back().set_target("/devices/device-" + std::to_string(i) + "/messages/events");
    links.back().open();
  }
  pair.settle_down();
  EXPECT_EQ(pair.count(pair.client_events, kind::link_opened), 2000U);
  for (auto& link : links) {
    ASSERT_EQ(link.credit(), 100);
    link.send("1", "uplink", false);
  }
  pair.settle_down();
  EXPECT_EQ(pair.count(pair.server_events, kind::message), 2000U);
}

} // namespace
} // namespace causeway::amqp
