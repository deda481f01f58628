// SPDX-License-Identifier: Apache-2.0
#include "emulator/hub/hub_stream.h"

#include <gtest/gtest.h>

namespace causeway::emulator {
namespace {

using namespace std::chrono_literals;

class hub_stream_test : public testing::Test {
protected:
  void feed(std::string_view bytes) {
    it.feed(
        bytes,
        [this](const amqp::sasl_init& init) {
          logins.push_back(init.mechanism);
          return admits;
        },
        now);
  }
  std::string output() {
    std::string out;
    it.take_output(out);
    return out;
  }
  // A client with these options, joined to the stream until both are silent.
  void join(amqp::sasl mechanism) {
    amqp::engine_options options;
    options.mechanism = mechanism;
    options.container_id = "client";
    amqp::engine client{std::move(options)};
    client.open();
    for (bool moved = true; moved;) {
      moved = false;
      std::string bytes;
      if (client.take_output(bytes)) {
        moved = true;
        feed(bytes);
      }
      bytes.clear();
      if (it.take_output(bytes)) {
        moved = true;
        client.feed(bytes);
      }
      while (client.next_event()) {
      }
    }
  }

  mono_time now{1h};
  bool admits = true;
  int woken = 0;
  std::vector<std::string> logins;
  hub_stream it{"DeviceGateway_00", [this] { ++woken; }};
};

TEST_F(hub_stream_test, a_client_without_sasl_asks_nobody) {
  EXPECT_FALSE(it.is_live());
  join(amqp::sasl::none);
  EXPECT_TRUE(it.has_engine());
  EXPECT_TRUE(it.is_live());
  EXPECT_TRUE(logins.empty());
}

TEST_F(hub_stream_test, a_login_that_is_let_in_goes_on_with_amqp) {
  join(amqp::sasl::anonymous);
  EXPECT_EQ(logins, std::vector<std::string>{"ANONYMOUS"});
  EXPECT_TRUE(it.is_live());
}

TEST_F(hub_stream_test, a_login_that_is_not_ends_once_it_is_told) {
  admits = false;
  join(amqp::sasl::anonymous);
  EXPECT_EQ(logins.size(), 1u);
  EXPECT_FALSE(it.has_engine());
  EXPECT_TRUE(it.finished());
  EXPECT_FALSE(it.was_cut());
}

TEST_F(hub_stream_test, what_is_no_amqp_is_answered_by_a_header_and_the_end) {
  feed("GET / HTTP/1.1\r\n");
  EXPECT_FALSE(it.finished()) << "until the answer is taken";
  EXPECT_TRUE(output().starts_with("AMQP"));
  EXPECT_TRUE(it.finished());
}

TEST_F(hub_stream_test, a_client_that_leaves_before_amqp_is_cut) {
  it.feed_end();
  EXPECT_TRUE(it.was_cut());
  EXPECT_TRUE(it.finished());
}

TEST_F(hub_stream_test, cut_drops_what_was_to_be_written) {
  join(amqp::sasl::none);
  it.close({"amqp:connection:forced", "maintenance"});
  EXPECT_EQ(woken, 1);
  EXPECT_GT(it.pending_output(), 0u);
  it.cut();
  EXPECT_TRUE(output().empty());
  EXPECT_TRUE(it.finished());
  it.close({"amqp:connection:forced", "again"});
  EXPECT_EQ(woken, 1);
}

TEST_F(hub_stream_test, what_is_frozen_is_silent_for_twice_the_idle_time_out) {
  join(amqp::sasl::none);
  it.freeze(now);
  EXPECT_TRUE(it.frozen());
  EXPECT_FALSE(it.is_live());
  EXPECT_FALSE(it.finished());
  EXPECT_EQ(it.tick(now + 1min), now + 8min);
  EXPECT_TRUE(output().empty());
  EXPECT_EQ(it.tick(now + 8min), std::nullopt);
  EXPECT_TRUE(it.was_cut());
}

} // namespace
} // namespace causeway::emulator
