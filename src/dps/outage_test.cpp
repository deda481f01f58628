// SPDX-License-Identifier: Apache-2.0
#include "dps/outage.h"

#include <gtest/gtest.h>

#include <vector>

namespace causeway::dps {
namespace {

using namespace std::chrono_literals;

class outage_test : public testing::Test {
protected:
  std::optional<milliseconds> lose(mono_time sent_at) {
    return outage_.on_trouble(error{errc::connection_refused, "dps"}, sent_at, now_);
  }

  mono_time now_{1h};
  double random_ = 0.5;
  outage outage_{[this] { return random_; }};
};

TEST_F(outage_test, nothing_is_held_while_dps_can_be_reached) {
  outage_.on_sent();
  EXPECT_EQ(outage_.next(), mono_time::min());
  EXPECT_FALSE(outage_.trouble());
  EXPECT_FALSE(outage_.on_reached()) << "no news";
}

TEST_F(outage_test, pauses_grow_from_a_second_to_a_minute) {
  std::vector<std::chrono::nanoseconds> pauses;
  for (int i = 0; i < 8; ++i) {
    pauses.push_back(lose(now_).value());
    EXPECT_EQ(outage_.next(), now_ + pauses.back());
    now_ = outage_.next();
  }
  const std::vector<std::chrono::nanoseconds> expected{1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s};
  EXPECT_EQ(pauses, expected);
}

TEST_F(outage_test, pauses_are_spread_by_a_quarter) {
  random_ = 0.0;
  EXPECT_EQ(lose(now_), 750ms);
}

TEST_F(outage_test, one_at_a_time_tries_for_all) {
  outage_.on_sent();
  outage_.on_sent();
  lose(now_);
  outage_.on_ended();
  EXPECT_EQ(outage_.next(), mono_time::max()) << "another one is still under way";
  outage_.on_ended();
  EXPECT_EQ(outage_.next(), now_ + 1s);
  outage_.on_sent();
  EXPECT_EQ(outage_.next(), mono_time::max());
  EXPECT_EQ(outage_.held_until(), now_ + 1s);
}

TEST_F(outage_test, what_went_out_before_it_was_known_says_nothing_new) {
  const auto sent = now_;
  now_ += 1s;
  EXPECT_TRUE(lose(sent));
  EXPECT_FALSE(lose(sent));
  EXPECT_EQ(outage_.next(), now_ + 1s);
  EXPECT_TRUE(lose(now_));
}

TEST_F(outage_test, eight_server_faults_in_a_row_are_trouble_too) {
  for (int i = 0; i < 7; ++i)
    EXPECT_FALSE(outage_.on_server_fault());
  static_cast<void>(outage_.on_reached());
  for (int i = 0; i < 7; ++i)
    EXPECT_FALSE(outage_.on_server_fault());
  EXPECT_TRUE(outage_.on_server_fault());
  EXPECT_TRUE(outage_.on_server_fault()) << "and each one more";
}

TEST_F(outage_test, an_answer_ends_it_and_the_pauses_begin_anew) {
  lose(now_);
  lose(now_);
  EXPECT_TRUE(outage_.on_reached());
  EXPECT_FALSE(outage_.on_reached()) << "news once";
  EXPECT_EQ(outage_.next(), mono_time::min());
  EXPECT_EQ(lose(now_), 1s);
}

TEST_F(outage_test, what_was_in_the_way_may_have_gone) {
  lose(now_);
  lose(now_);
  outage_.try_now();
  EXPECT_EQ(outage_.next(), mono_time::min());
  EXPECT_TRUE(outage_.trouble()) << "who tries will tell";
  EXPECT_EQ(lose(now_), 1s);
}

TEST_F(outage_test, tells_what_is_in_the_way_as_long_as_it_is) {
  static_cast<void>(
      outage_.on_trouble(error{errc::tls_untrusted, "self-signed"}.with_retry_after(5s), now_, now_));
  EXPECT_EQ(outage_.trouble(), (error{errc::tls_untrusted, "self-signed"}));
}

} // namespace
} // namespace causeway::dps
