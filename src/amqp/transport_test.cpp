// SPDX-License-Identifier: Apache-2.0
// The connection between two engines: headers, OPEN, CLOSE, faults, heartbeats.
#include "amqp/engine.h"

#include "amqp/engine_pair.h"
#include "amqp/sasl_frames.h"
#include "amqp/test_bytes.h"
#include "base/clock.h"

#include <gtest/gtest.h>

namespace causeway::amqp {
namespace {

using namespace std::chrono_literals;
using kind = event_kind;

value_list open_fields(const std::string& bytes) {
  for (auto& frame : frames_of(bytes))
    if (frame.performative == 0x10) return frame.fields;
  ADD_FAILURE() << "no OPEN";
  return value_list(10);
}

TEST(transport, a_client_without_sasl_starts_with_the_amqp_header) {
  engine client{engine_pair::client_options()};
  client.open();
  std::string out;
  EXPECT_TRUE(client.take_output(out));
  EXPECT_EQ(out.substr(0, 8), amqp_header);
  EXPECT_EQ(out.find("AMQP", 4), std::string::npos);
}

TEST(transport, a_client_with_sasl_starts_with_the_sasl_header) {
  auto options = engine_pair::client_options();
  options.mechanism = sasl::anonymous;
  engine client{options};
  client.open();
  std::string out;
  client.take_output(out);
  EXPECT_EQ(out.substr(0, 8), sasl_header);
}

TEST(transport, open_says_what_the_options_say) {
  auto options = engine_pair::server_options();
  options.max_frame = 65536;
  options.channel_max = 1024;
  options.idle_time_out = 240s;
  engine_pair pair{engine_pair::client_options(), options};
  pair.open_session();
  const auto server = open_fields(pair.to_client);
  EXPECT_EQ(server.at(0), of(std::string{"DeviceGateway_1"}));
  EXPECT_EQ(server.at(1), of(std::string{"localhost"}));
  EXPECT_EQ(server.at(2), of(std::uint32_t{65536}));
  EXPECT_EQ(server.at(3), of(std::uint16_t{1024}));
  EXPECT_EQ(server.at(4), of(std::uint32_t{240'000}));
  const auto client = open_fields(pair.to_server);
  EXPECT_EQ(client.at(0), of(std::string{"gateway"}));
  EXPECT_EQ(client.at(1), of(std::string{"hub.example"}));

  const auto peer = pair.client.peer();
  EXPECT_EQ(peer.container_id, "DeviceGateway_1");
  EXPECT_EQ(peer.host_name, "localhost");
  EXPECT_EQ(peer.max_frame, 65536U);
  EXPECT_EQ(peer.channel_max, 1024U);
  EXPECT_EQ(peer.idle_time_out, 240s);
  EXPECT_EQ(pair.server.peer().container_id, "gateway");
  EXPECT_EQ(pair.count(pair.client_events, kind::connection_opened), 1U);
  EXPECT_EQ(pair.count(pair.client_events, kind::session_opened), 1U);
}

TEST(transport, no_idle_time_out_is_none_on_the_wire) {
  auto options = engine_pair::client_options();
  options.idle_time_out = 0ms;
  engine client{options};
  client.open();
  std::string out;
  client.take_output(out);
  const auto fields = open_fields(out);
  EXPECT_TRUE(fields.size() < 5 || fields[4].is_null());
  EXPECT_FALSE(client.tick(manual_clock{}.now().mono).has_value());
}

TEST(transport, any_split_of_the_bytes_is_the_same) {
  engine_pair pair;
  pair.at_once = 1;
  auto link = pair.open_sender(pair.open_session());
  ASSERT_EQ(link.credit(), 100);
  link.send("1", "one byte at a time", false);
  pair.settle_down();
  EXPECT_EQ(pair.last(pair.server_events, kind::message)->payload, "one byte at a time");
}

TEST(transport, the_header_may_be_split_over_reads) {
  for (std::size_t split = 1; split < 8; ++split) {
    engine client{engine_pair::client_options()}, server{engine_pair::server_options()};
    client.open();
    server.open();
    std::string bytes;
    client.take_output(bytes);
    server.feed(std::string_view{bytes}.substr(0, split));
    EXPECT_FALSE(server.next_event());
    server.feed(std::string_view{bytes}.substr(split));
    const auto happened = server.next_event();
    ASSERT_TRUE(happened && happened->kind == kind::connection_opened) << split;
    std::string answer;
    EXPECT_TRUE(server.take_output(answer));
    EXPECT_EQ(answer.substr(0, 8), amqp_header);
    client.feed(std::string_view{answer}.substr(0, split));
    EXPECT_FALSE(client.next_event());
    client.feed(std::string_view{answer}.substr(split));
    EXPECT_TRUE(client.next_event().has_value());
  }
}

TEST(transport, close_ends_both_sides) {
  engine_pair pair;
  pair.open_session();
  pair.client.close();
  pair.settle_down();
  EXPECT_EQ(pair.count(pair.server_events, kind::connection_closed), 1U);
  ASSERT_EQ(pair.count(pair.client_events, kind::connection_closed), 1U);
  EXPECT_TRUE(pair.last(pair.client_events, kind::connection_closed)->condition.empty());
  EXPECT_EQ(pair.count(pair.client_events, kind::transport_fault), 0U);
  EXPECT_TRUE(pair.client.finished());
  EXPECT_TRUE(pair.server.finished());
  EXPECT_EQ(pair.count(pair.client_events, kind::transport_closed), 1U);
}

TEST(transport, close_carries_a_condition) {
  engine_pair pair;
  pair.open_session();
  pair.server.close({"amqp:connection:forced", "the hub restarts"});
  pair.settle_down();
  const auto* closed = pair.last(pair.client_events, kind::connection_closed);
  ASSERT_NE(closed, nullptr);
  EXPECT_EQ(closed->condition.name, "amqp:connection:forced");
  EXPECT_EQ(closed->condition.description, "the hub restarts");
  EXPECT_FALSE(pair.client.finished());
  pair.client.close();
  pair.settle_down();
  EXPECT_TRUE(pair.client.finished());
  EXPECT_TRUE(pair.server.finished());
}

TEST(transport, an_end_of_stream_without_close_is_a_fault) {
  engine_pair pair;
  pair.open_session();
  pair.client.feed_end();
  pair.settle_down();
  const auto* fault = pair.last(pair.client_events, kind::transport_fault);
  ASSERT_NE(fault, nullptr);
  EXPECT_EQ(fault->condition.name, "amqp:connection:framing-error");
  std::string out;
  pair.client.take_output(out);
  EXPECT_TRUE(pair.client.finished());
}

TEST(transport, breaches_of_the_protocol_are_faults) {
  const std::string table[] = {
      unhex("0000000702000000"), // a frame shorter than its header
      unhex("ffffffff02000000"), // longer than allowed
      unhex("0000000801000000"), // data offset inside the header
      unhex("0000000c02000007"
            "00531545"), // a disposition on a channel that is not there
      unhex("0000000c02000000"
            "00531445"), // a transfer for a handle that is not there
      unhex("0000000a02000000"
            "ffff"), // no described type
      unhex("0000000b02000000"
            "0053ff"), // a performative cut off
      unhex("0000000c02000000"
            "0053ff45"), // no such performative
      std::string(4096, '\xff'),
      std::string(4096, '\0'),
  };
  for (const auto& bytes : table) {
    engine_pair pair;
    pair.open_session();
    pair.server.feed(bytes);
    pair.settle_down();
    const auto* fault = pair.last(pair.server_events, kind::transport_fault);
    ASSERT_NE(fault, nullptr) << hex(bytes.substr(0, 12));
    EXPECT_FALSE(fault->condition.empty());
    EXPECT_EQ(pair.count(pair.server_events, kind::transport_fault), 1U);
    EXPECT_EQ(pair.server_events.back().kind, kind::transport_closed);
    EXPECT_TRUE(pair.server.finished()) << hex(bytes.substr(0, 12));
  }
}

TEST(transport, a_server_takes_nothing_but_the_amqp_header) {
  const std::string table[] = {
      std::string{sasl_header}, "GET / HTTP/1.1", std::string{"\x16\x03\x01\x02\x00\x01", 6},
      std::string{"AMQP\x02\x01\x00\x00", 8}, std::string{"AMQP\x00\x09\x01\x00", 8}};
  for (const auto& bytes : table) {
    engine server{engine_pair::server_options()};
    server.open();
    server.feed(bytes);
    server.feed("more of it");
    std::string out;
    server.take_output(out);
    bool fault = false;
    while (auto happened = server.next_event())
      fault |= happened->kind == kind::transport_fault &&
               happened->condition.name == "amqp:connection:framing-error";
    EXPECT_TRUE(fault) << bytes;
    EXPECT_TRUE(server.finished());
  }
}

TEST(transport, a_link_name_used_twice_is_a_fault) {
  // engineering-measurements.md section 7: it costs the whole connection, hence the rule in the header
  engine_pair pair;
  auto session = pair.open_session();
  pair.open_sender(session, "same");
  session.sender("same").open();
  pair.settle_down();
  EXPECT_EQ(pair.count(pair.server_events, kind::transport_fault), 1U);
}

TEST(transport, heartbeats_keep_an_idle_connection) {
  engine_pair pair;
  manual_clock clock;
  auto session = pair.open_session();
  pair.client.tick(clock.now().mono);
  pair.server.tick(clock.now().mono);
  const auto sent_before = pair.to_server.size();
  for (int i = 0; i < 60; ++i) {
    clock.advance(30s);
    const auto next = pair.client.tick(clock.now().mono);
    ASSERT_TRUE(next.has_value());
    EXPECT_GT(*next, clock.now().mono);
    EXPECT_LE(*next, clock.now().mono + 120s);
    pair.server.tick(clock.now().mono);
    pair.settle_down();
  }
  EXPECT_EQ(pair.count(pair.client_events, kind::transport_fault), 0U);
  EXPECT_EQ(pair.count(pair.server_events, kind::transport_fault), 0U);
  // Half an hour at a frame per half of 240 s.
  EXPECT_EQ(pair.to_server.size() - sent_before, 15U * 8);
  EXPECT_TRUE(session.remote_open());
}

// The bytes of a hub that made each tick a heartbeat, and each write a tick, for ever: OPEN with an idle
// time-out of 1 ms, then of 2 ms, of 0, and with other figures that nobody means.
TEST(transport, what_a_peer_announces_never_keeps_the_engine_busy) {
  constexpr auto header = "414d515000010000";
  constexpr auto beginning = "005310c01405a103687562407000010000601fff70";
  for (const std::string idle : {"00000001", "00000002", "00000000", "ffffffff"}) {
    engine client{engine_pair::client_options()};
    manual_clock clock;
    client.open();
    std::string out;
    client.take_output(out);
    client.feed(unhex(header));
    client.feed(unhex("0000002102000000" + (beginning + idle)));
    while (client.next_event()) {
    }
    std::size_t writes = 0;
    for (int turn = 0; turn < 40; ++turn) { // ten seconds
      clock.advance(250ms);
      for (int again = 0; again < 3; ++again) {
        const auto next = client.tick(clock.now().mono).value_or(mono_time::max());
        EXPECT_GT(next, clock.now().mono) << idle;
        out.clear();
        if (client.take_output(out)) ++writes;
      }
    }
    EXPECT_LE(writes, 21U) << idle; // two heartbeats a second at most
  }
}

TEST(transport, a_frame_size_that_carries_nothing_is_read_as_the_least_that_amqp_knows) {
  for (const std::uint32_t most : {1U, 8U, 511U}) {
    auto options = engine_pair::server_options();
    options.max_frame = most;
    engine_pair pair{engine_pair::client_options(), options};
    static_cast<void>(pair.open_session());
    EXPECT_TRUE(pair.client.peer().max_frame == 0 || pair.client.peer().max_frame >= 512) << most;
  }
}

TEST(transport, a_silent_peer_is_a_fault_after_twice_the_figure) {
  engine_pair pair;
  manual_clock clock;
  pair.open_session();
  pair.client.tick(clock.now().mono);
  const auto fault_after = [&](std::chrono::seconds more) {
    clock.advance(more);
    pair.client.tick(clock.now().mono);
    bool fault = false;
    std::string out;
    pair.client.take_output(out);
    while (auto happened = pair.client.next_event())
      if (happened->kind == kind::transport_fault) {
        EXPECT_EQ(happened->condition.name, "amqp:resource-limit-exceeded");
        fault = true;
      }
    return fault;
  };
  EXPECT_FALSE(fault_after(479s));
  EXPECT_TRUE(fault_after(2s));
}

TEST(transport, an_engine_can_be_moved) {
  engine first{engine_pair::client_options()};
  first.open();
  engine second{std::move(first)};
  std::string out;
  EXPECT_TRUE(second.take_output(out));
  second = engine{engine_pair::client_options()};
  EXPECT_FALSE(second.finished());
}

} // namespace
} // namespace causeway::amqp
