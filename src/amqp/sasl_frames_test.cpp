// SPDX-License-Identifier: Apache-2.0
#include "amqp/sasl_frames.h"

#include "amqp/engine.h"
#include "amqp/test_bytes.h"

#include <gtest/gtest.h>

namespace causeway::amqp {
namespace {

using step = sasl_server::step;

std::string init_frame(const value_list& fields) {
  std::string body;
  encode(body, describe(0x41, of(fields)));
  const auto size = static_cast<std::uint8_t>(body.size() + 8);
  return std::string{"\0\0\0", 3} + static_cast<char>(size) + std::string{"\x02\x01\0\0", 4} + body;
}

std::string plain_init() {
  return init_frame(
      {of(symbol{"PLAIN"}), of(binary{std::string{"\0dev\0pass", 9}}), of(std::string{"hub.example"})});
}

TEST(sasl_frames, a_client_without_sasl_passes_through) {
  sasl_server server;
  const std::string all = std::string{amqp_header} + "open";
  EXPECT_EQ(*server.feed(all), step::plain);
  EXPECT_EQ(server.take_output(), "");
  EXPECT_EQ(server.take_rest(), all);
}

TEST(sasl_frames, the_offer_is_what_iot_hub_offers) {
  sasl_server server;
  EXPECT_EQ(*server.feed(sasl_header), step::more);
  EXPECT_EQ(hex(server.take_output()), hex(sasl_header) + "0000003302010000"
                                                          "005340c02601"
                                                          "e02304a3"
                                                          "0845585445524e414c"
                                                          "074d535342434253"
                                                          "09414e4f4e594d4f5553"
                                                          "05504c41494e");
}

TEST(sasl_frames, plain_is_read_accepted_and_the_rest_handed_over) {
  sasl_server server;
  ASSERT_EQ(*server.feed(std::string{sasl_header} + plain_init() + std::string{amqp_header} + "x"),
            step::init);
  EXPECT_EQ(server.init().mechanism, "PLAIN");
  EXPECT_EQ(server.init().host_name, "hub.example");
  const auto login = parse_plain(server.init().response->reveal());
  ASSERT_TRUE(login.has_value());
  EXPECT_EQ(login->user, "dev");
  EXPECT_TRUE(login->password.equals("pass"));
  server.take_output();
  server.accept();
  EXPECT_EQ(server.at(), step::done);
  EXPECT_EQ(hex(server.take_output()), "0000001a02010000"
                                       "005344c00d02"
                                       "5000"
                                       "a00857656c636f6d6521");
  EXPECT_EQ(server.take_rest(), std::string{amqp_header} + "x");
}

TEST(sasl_frames, bytes_may_come_one_at_a_time) {
  sasl_server server;
  const auto all = std::string{sasl_header} + plain_init();
  for (std::size_t i = 0; i + 1 < all.size(); ++i)
    ASSERT_EQ(*server.feed(all.substr(i, 1)), step::more) << i;
  EXPECT_EQ(*server.feed(all.substr(all.size() - 1)), step::init);
  server.accept();
  EXPECT_EQ(*server.feed("A"), step::done);
  EXPECT_EQ(server.take_rest(), "A");

  sasl_server plain;
  for (std::size_t i = 0; i < 7; ++i)
    ASSERT_EQ(*plain.feed(amqp_header.substr(i, 1)), step::more) << i;
  EXPECT_EQ(*plain.feed(amqp_header.substr(7)), step::plain);
  EXPECT_EQ(plain.take_rest(), amqp_header);
}

TEST(sasl_frames, a_refusal_is_outcome_1) {
  sasl_server server;
  ASSERT_EQ(*server.feed(std::string{sasl_header} + init_frame({of(symbol{"EXTERNAL"})})), step::init);
  EXPECT_FALSE(server.init().response.has_value());
  server.take_output();
  server.refuse();
  EXPECT_EQ(hex(server.take_output()), "0000001002010000"
                                       "005344c003015001");
  EXPECT_EQ(*server.feed("anything"), step::refused);
  EXPECT_EQ(server.take_rest(), "");
}

TEST(sasl_frames, malformed_bytes_are_refused) {
  const std::string head{sasl_header};
  const std::string table[] = {
      "GET / HTTP/1.1\r\n",
      std::string{"\x16\x03\x01", 3},
      "AMQP\x02",
      head + unhex("ffffffff02010000"), // longer than allowed
      head + unhex("0000000702010000"), // shorter than its own header
      head + unhex("0000001001010000"
                   "0000000000000000"), // data offset inside the header
      head + unhex("0000000802000000"), // an AMQP frame
      head + unhex("0000000802010000"), // no performative
      head + unhex("0000000d02010000"
                   "0053444500"), // an outcome from a client, and more
      head + unhex("0000000c02010000"
                   "00534145"),                      // no mechanism
      head + init_frame({of(std::string{"PLAIN"})}), // not a symbol
      head + init_frame({of(symbol{"PLAIN"}), of(std::string{"x"})}),
  };
  for (const auto& bytes : table) {
    sasl_server server;
    const auto read = server.feed(bytes);
    ASSERT_FALSE(read.has_value()) << hex(bytes);
    EXPECT_EQ(read.fault().code(), errc::amqp_protocol);
    EXPECT_FALSE(server.feed("more").has_value());
  }
}

TEST(sasl_frames, a_wrong_header_is_answered_with_the_right_one) {
  sasl_server server;
  EXPECT_FALSE(server.feed("HELO").has_value());
  EXPECT_EQ(server.take_output(), sasl_header);
}

TEST(sasl_frames, what_a_client_sends_ahead_is_bounded) {
  sasl_server server;
  ASSERT_TRUE(server.feed(std::string{sasl_header} + plain_init()).has_value());
  EXPECT_FALSE(server.feed(std::string(65 * 1024, 'x')).has_value());
}

TEST(sasl_frames, plain_responses) {
  using namespace std::string_view_literals;
  EXPECT_EQ(parse_plain("auth\0user\0p"sv)->authorization, "auth");
  EXPECT_TRUE(parse_plain("\0user\0"sv)->password.empty());
  for (const auto bad : {""sv, "user"sv, "\0user"sv, "\0\0p"sv, "\0user\0p\0x"sv})
    EXPECT_FALSE(parse_plain(bad).has_value()) << hex(bad);
}

// Proton's own client against this server, then the two engines behind it.
bool anonymous_client_opens(std::size_t step_size, bool accept) {
  engine client{{.mechanism = sasl::anonymous, .container_id = "c", .host_name = "hub.example"}};
  engine server{{.side = role::server, .container_id = "s"}};
  sasl_server sasl;
  client.open();
  server.open();
  bool opened = false, fault = false;
  for (int round = 0; round < 20; ++round) {
    std::string to_server, to_client;
    client.take_output(to_server);
    for (std::size_t at = 0; at < to_server.size(); at += step_size) {
      const auto bytes = std::string_view{to_server}.substr(at, step_size);
      if (sasl.at() == step::done) {
        server.feed(bytes);
        continue;
      }
      EXPECT_TRUE(sasl.feed(bytes).has_value());
      if (sasl.at() != step::init) continue;
      EXPECT_EQ(sasl.init().mechanism, "ANONYMOUS");
      if (!accept)
        sasl.refuse();
      else
        sasl.accept();
      server.feed(sasl.take_rest());
    }
    to_client = sasl.take_output();
    server.take_output(to_client);
    for (std::size_t at = 0; at < to_client.size(); at += step_size)
      client.feed(std::string_view{to_client}.substr(at, step_size));
    while (auto happened = client.next_event()) {
      opened |= happened->kind == event_kind::connection_opened;
      fault |= happened->kind == event_kind::transport_fault && !happened->condition.empty();
    }
    while (server.next_event())
      continue;
  }
  EXPECT_NE(opened, fault);
  return opened;
}

TEST(sasl_frames, protons_anonymous_client_gets_through) {
  EXPECT_TRUE(anonymous_client_opens(1'000'000, true));
  EXPECT_TRUE(anonymous_client_opens(1, true));
}

TEST(sasl_frames, protons_anonymous_client_learns_of_a_refusal) {
  EXPECT_FALSE(anonymous_client_opens(1'000'000, false));
}

} // namespace
} // namespace causeway::amqp
