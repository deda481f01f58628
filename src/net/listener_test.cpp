// SPDX-License-Identifier: Apache-2.0
#include "net/listener.h"

#include "net/run_task.h"
#include "net/wake_up.h"

#include <gtest/gtest.h>

#include <array>

namespace causeway::net {
namespace {

TEST(listen_address, is_read_and_written) {
  const auto v4 = listen_address::parse("127.0.0.1:8080");
  ASSERT_TRUE(v4);
  EXPECT_EQ(v4->host, "127.0.0.1");
  EXPECT_EQ(v4->port, 8080);
  EXPECT_EQ(v4->str(), "127.0.0.1:8080");
  const auto v6 = listen_address::parse("[::1]:443");
  ASSERT_TRUE(v6);
  EXPECT_EQ(v6->host, "::1");
  EXPECT_EQ(v6->str(), "[::1]:443");
  EXPECT_EQ((listen_address{"[::1]", 443}.str()), "[::1]:443");
  for (const auto* text : {"", ":80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:8a", "::1:80",
                           "[]:80", "[::1:80"}) {
    const auto address = listen_address::parse(text);
    ASSERT_FALSE(address) << text;
    EXPECT_EQ(address.fault().code(), errc::config_invalid_value);
    EXPECT_NE(address.fault().detail().find(text), std::string::npos);
  }
}

TEST(listener, names_the_address_that_is_in_use) {
  loop on;
  const auto first = listener::bind(on, {"127.0.0.1", 0});
  ASSERT_TRUE(first);
  const listen_address taken{"127.0.0.1", first->port()};
  const auto second = listener::bind(on, taken);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.fault().code(), errc::address_in_use);
  EXPECT_NE(second.fault().detail().find(taken.str()), std::string::npos) << second.fault().detail();
}

TEST(listener, names_the_address_that_is_not_this_machines) {
  loop on;
  const auto other = listener::bind(on, {"192.0.2.1", 8080});
  ASSERT_FALSE(other);
  EXPECT_EQ(other.fault().code(), errc::address_unavailable);
  EXPECT_NE(other.fault().detail().find("192.0.2.1:8080"), std::string::npos) << other.fault().detail();
}

TEST(listener, takes_brackets_around_an_address) {
  loop on;
  const auto v6 = listener::bind(on, {"[::1]", 0});
  if (!v6) GTEST_SKIP() << "no IPv6 here: " << v6.fault().message();
  EXPECT_GT(v6->port(), 0);
}

task<> hold(stream bytes) {
  std::array<char, 1> room{};
  co_await bytes.read_some(room);
}

task<errc> end_of(stream* bytes) {
  std::array<char, 1> room{};
  const auto got = co_await bytes->read_some(room);
  co_return got ? errc::internal : got.fault().code();
}

task<result<connected_stream>> connect_to(std::uint16_t port) {
  connect_options options;
  options.host = "127.0.0.1";
  options.port = port;
  return connect(std::move(options));
}

TEST(listener, closes_connections_above_its_limit_at_once_and_has_room_again_later) {
  loop on;
  task_group tasks{on};
  auto door = *listener::bind(on, {"127.0.0.1", 0});
  door.serve(tasks, std::nullopt, 1, &hold);
  auto first = run_task(on, connect_to(door.port()));
  auto second = run_task(on, connect_to(door.port()));
  ASSERT_TRUE(first && second);
  EXPECT_EQ(run_task(on, end_of(&second->bytes)), errc::peer_closed);
  EXPECT_EQ(door.refused(), 1U);
  EXPECT_EQ(door.connections(), 1U);

  first->bytes.end_output();
  EXPECT_EQ(run_task(on, end_of(&first->bytes)), errc::peer_closed);
  EXPECT_EQ(door.connections(), 0U);
  door.close();
  const auto late = run_task(on, connect_to(door.port()));
  EXPECT_EQ(late.fault().code(), errc::connection_refused);
  run_task(on, tasks.stop());
}

} // namespace
} // namespace causeway::net
