// SPDX-License-Identifier: Apache-2.0
#include "net/stream.h"

#include "net/listener.h"
#include "net/run_task.h"
#include "net/test_certificates.h"

#include <gtest/gtest.h>

#include <array>

namespace causeway::net {
namespace {

const listen_address any_port{"127.0.0.1", 0};

task<> echo(stream bytes) {
  std::array<char, 8192> room{};
  for (;;) {
    const auto size = co_await bytes.read_some(room);
    if (!size) co_return;
    const auto written = co_await bytes.write({room.data(), *size});
    if (!written) co_return;
  }
}

task<> write_all(stream* to, std::string text, bool* good) {
  const auto written = co_await to->write(text);
  *good = written.has_value();
}

task<std::string> read_exactly(stream* from, std::size_t size) {
  std::string text;
  std::array<char, 8192> room{};
  while (text.size() < size) {
    const auto got = co_await from->read_some(room);
    if (!got) co_return "error: " + std::string{got.fault().name()};
    text.append(room.data(), *got);
  }
  co_return text;
}

task<result<std::size_t>> read_once(stream* from) {
  std::array<char, 16> room{};
  auto got = co_await from->read_some(room);
  co_return got;
}

task<> note_read(stream* from, std::optional<errc>* into) {
  const auto got = co_await read_once(from);
  if (!got) *into = got.fault().code();
}

task<result<connected_stream>> connect_to(std::string host, std::uint16_t port,
                                          std::optional<tls_client_context> tls) {
  connect_options options;
  options.host = std::move(host);
  options.port = port;
  options.tls = std::move(tls);
  return connect(std::move(options));
}

task<> one_turn() {
  co_await sleep_for(std::chrono::milliseconds{0});
}

std::string patterned(std::size_t size) {
  std::string text(size, ' ');
  for (std::size_t i = 0; i < size; ++i)
    text[i] = static_cast<char>('a' + i % 23);
  return text;
}

struct echo_server {
  loop on;
  task_group tasks{on};
  listener door = *listener::bind(on, any_port);

  explicit echo_server(std::optional<tls_server_context> tls) {
    door.serve(tasks, std::move(tls), 10, &echo);
  }
  ~echo_server() { run_task(on, tasks.stop()); }

  void expect_round_trip(stream* client, std::size_t size) {
    bool good = false;
    const auto text = patterned(size);
    tasks.spawn("writer", restart_policy::never, [&] { return write_all(client, text, &good); });
    EXPECT_EQ(run_task(on, read_exactly(client, size)), text);
    EXPECT_TRUE(good);
  }
};

TEST(stream, a_pair_carries_bytes_both_ways_and_blocks_at_64_kib) {
  loop on;
  task_group tasks{on};
  auto [left, right] = make_stream_pair(on);
  bool good = false;
  const auto text = patterned(200'000);
  tasks.spawn("writer", restart_policy::never,
              [&l = left, &text, &good] { return write_all(&l, text, &good); });
  run_task(on, sleep_for(std::chrono::milliseconds{0}));
  EXPECT_FALSE(good);
  EXPECT_EQ(run_task(on, read_exactly(&right, text.size())), text);
  run_task(on, sleep_for(std::chrono::milliseconds{0}));
  EXPECT_TRUE(good);
}

TEST(stream, the_other_end_sees_a_close) {
  loop on;
  auto [left, right] = make_stream_pair(on);
  left.close();
  EXPECT_EQ(run_task(on, read_once(&right)).fault().code(), errc::peer_closed);
  EXPECT_EQ(run_task(on, read_once(&left)).fault().code(), errc::connection_lost);
  EXPECT_FALSE(left.is_open());
}

TEST(stream, carries_megabytes_over_tcp) {
  echo_server server{std::nullopt};
  auto client = run_task(server.on, connect_to("localhost", server.door.port(), std::nullopt));
  ASSERT_TRUE(client) << client.fault().message();
  EXPECT_GT(client->timing.tcp.count(), 0);
  server.expect_round_trip(&client->bytes, 4'000'000);
}

TEST(stream, carries_megabytes_over_tls) {
  echo_server server{test_server_context()};
  auto client = run_task(server.on, connect_to("localhost", server.door.port(), test_client_context()));
  ASSERT_TRUE(client) << client.fault().message();
  EXPECT_GT(client->timing.tls.count(), 0);
  EXPECT_EQ(client->bytes.peer(), "127.0.0.1:" + std::to_string(server.door.port()));
  server.expect_round_trip(&client->bytes, 1'000'000);
}

TEST(stream, checks_an_address_against_the_certificate_as_well) {
  echo_server server{test_server_context()};
  auto client = run_task(server.on, connect_to("127.0.0.1", server.door.port(), test_client_context()));
  ASSERT_TRUE(client) << client.fault().message();
}

TEST(stream, refuses_a_certificate_of_an_unknown_ca_and_says_why) {
  echo_server server{test_server_context()};
  const auto other = test_certificates() + "/other";
  ASSERT_TRUE(make_certificates(other, {"localhost"}));
  const auto stranger = *tls_client_context::make(other + "/ca.pem");
  const auto client = run_task(server.on, connect_to("localhost", server.door.port(), stranger));
  ASSERT_FALSE(client);
  EXPECT_EQ(client.fault().code(), errc::tls_untrusted);
  EXPECT_EQ(client.fault().detail().rfind("localhost: ", 0), 0U) << client.fault().detail();
  EXPECT_NE(client.fault().detail().find("certificate"), std::string::npos) << client.fault().detail();
}

TEST(stream, refuses_a_certificate_for_another_host) {
  const auto other = test_certificates() + "/elsewhere";
  ASSERT_TRUE(make_certificates(other, {"elsewhere.test"}));
  echo_server server{*tls_server_context::make(other + "/server.pem", other + "/server-key.pem")};
  const auto trusting = *tls_client_context::make(other + "/ca.pem");
  const auto by_name = run_task(server.on, connect_to("localhost", server.door.port(), trusting));
  ASSERT_FALSE(by_name);
  EXPECT_EQ(by_name.fault().code(), errc::tls_untrusted);
  EXPECT_EQ(by_name.fault().detail(), "localhost: hostname mismatch");
  const auto by_address = run_task(server.on, connect_to("127.0.0.1", server.door.port(), trusting));
  ASSERT_FALSE(by_address);
  EXPECT_EQ(by_address.fault().detail(), "127.0.0.1: IP address mismatch");
}

TEST(stream, connecting_where_nobody_listens_is_refused) {
  loop on;
  const auto free_port = listener::bind(on, any_port)->port();
  const auto client = run_task(on, connect_to("127.0.0.1", free_port, std::nullopt));
  ASSERT_FALSE(client);
  EXPECT_EQ(client.fault().code(), errc::connection_refused);
  EXPECT_NE(client.fault().detail().find("127.0.0.1:" + std::to_string(free_port)), std::string::npos);
}

TEST(stream, a_server_that_never_shakes_hands_is_left_at_the_time_out) {
  echo_server server{std::nullopt};
  auto silent = *listener::bind(server.on, any_port);
  connect_options options{"127.0.0.1", silent.port(), test_client_context(), std::chrono::milliseconds{20}};
  const auto client = run_task(server.on, connect(std::move(options)));
  ASSERT_FALSE(client);
  EXPECT_EQ(client.fault().code(), errc::connection_timed_out);
}

TEST(stream, a_cancelled_read_says_stopped_on_every_transport) {
  echo_server server{std::nullopt};
  echo_server secure{test_server_context()};
  auto plain = run_task(server.on, connect_to("localhost", server.door.port(), std::nullopt));
  auto tls = run_task(secure.on, connect_to("localhost", secure.door.port(), test_client_context()));
  auto [left, right] = make_stream_pair(server.on);
  ASSERT_TRUE(plain && tls);
  const auto expect_stopped = [](loop& on, stream* bytes) {
    for (const bool by_group : {false, true}) {
      task_group tasks{on};
      std::optional<errc> outcome;
      tasks.spawn("reader", restart_policy::never, [&] { return note_read(bytes, &outcome); });
      run_task(on, sleep_for(std::chrono::milliseconds{0}));
      if (!by_group) bytes->cancel();
      run_task(on, by_group ? tasks.stop() : one_turn());
      EXPECT_EQ(outcome, errc::stopped);
      EXPECT_TRUE(bytes->is_open());
    }
  };
  expect_stopped(server.on, &plain->bytes);
  expect_stopped(secure.on, &tls->bytes);
  expect_stopped(server.on, &left);
  server.expect_round_trip(&plain->bytes, 10);
  secure.expect_round_trip(&tls->bytes, 10);
}

TEST(stream, may_go_while_a_read_is_under_way) {
  echo_server secure{test_server_context()};
  auto tls = run_task(secure.on, connect_to("localhost", secure.door.port(), test_client_context()));
  ASSERT_TRUE(tls);
  auto held = std::make_unique<stream>(std::move(tls->bytes));
  std::optional<errc> outcome;
  secure.tasks.spawn("reader", restart_policy::never, [&] { return note_read(held.get(), &outcome); });
  run_task(secure.on, sleep_for(std::chrono::milliseconds{0}));
  held.reset();
  run_task(secure.on, secure.tasks.stop());
  EXPECT_EQ(outcome, errc::stopped);
}

} // namespace
} // namespace causeway::net
