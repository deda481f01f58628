// SPDX-License-Identifier: Apache-2.0
#include "hub/outage.h"

#include <gtest/gtest.h>

namespace causeway::hub {
namespace {

using namespace std::chrono_literals;

class outage_test : public testing::Test {
protected:
  mono_time may_connect(std::uint32_t line, bool any_up = false) {
    slots_.resize(std::max<std::size_t>(slots_.size(), line + 1));
    return outage_.may_connect(line, slots_[line], any_up, mono_time{}, now_);
  }
  void lose(errc code = errc::connection_lost, bool proven = false) {
    outage_.on_lost(error{code}, proven, now_);
    for (auto& slot : slots_)
      slot.reset();
  }

  mono_time now_{1h};
  double random_ = 0.5;
  outage outage_{[this] { return random_; }};
  std::vector<std::optional<mono_time>> slots_;
};

TEST_F(outage_test, connections_are_begun_two_milliseconds_apart) {
  EXPECT_EQ(may_connect(0), now_);
  EXPECT_EQ(may_connect(1), now_ + 2ms);
  EXPECT_EQ(may_connect(2), now_ + 4ms);
  EXPECT_EQ(may_connect(1), now_ + 2ms) << "its turn is kept";
  now_ += 1s;
  EXPECT_LT(may_connect(2), now_);
  EXPECT_EQ(may_connect(3), now_);
}

TEST_F(outage_test, pauses_grow_from_half_a_second_to_a_minute) {
  std::vector<std::chrono::nanoseconds> pauses;
  for (int i = 0; i < 10; ++i) {
    lose(errc::connection_refused);
    pauses.push_back(may_connect(0) - now_);
    now_ = may_connect(0);
  }
  EXPECT_EQ(pauses[0], 500ms);
  EXPECT_EQ(pauses[1], 1s);
  EXPECT_EQ(pauses[2], 2s);
  EXPECT_EQ(pauses[9], 60s);
}

TEST_F(outage_test, pauses_are_spread_by_a_quarter) {
  random_ = 0.0;
  lose();
  EXPECT_EQ(may_connect(0), now_ + 375ms);
}

TEST_F(outage_test, lines_that_are_lost_together_count_as_one_failure) {
  for (int i = 0; i < 100; ++i)
    lose();
  EXPECT_EQ(outage_.next_try(), now_ + 500ms);
}

TEST_F(outage_test, one_line_tries_for_all_until_a_connection_is_open) {
  lose();
  now_ += 500ms;
  EXPECT_LE(may_connect(3), now_);
  EXPECT_EQ(outage_.probe(), 3U);
  EXPECT_EQ(may_connect(0), mono_time::max());
  EXPECT_EQ(may_connect(7), mono_time::max());
  EXPECT_LE(may_connect(3), now_);
  outage_.on_open();
  EXPECT_FALSE(outage_.probe());
  EXPECT_LT(may_connect(0, true), mono_time::max());
}

TEST_F(outage_test, while_another_connection_is_up_nobody_has_to_try_for_all) {
  lose();
  now_ += 500ms;
  EXPECT_LE(may_connect(3, true), now_);
  EXPECT_LT(may_connect(0, true), mono_time::max());
}

TEST_F(outage_test, another_line_may_try_when_the_first_has_failed_or_is_not_wanted) {
  lose();
  now_ += 500ms;
  static_cast<void>(may_connect(3));
  lose();
  now_ = outage_.next_try();
  EXPECT_LE(may_connect(1), now_);
  outage_.on_unwanted(3);
  EXPECT_EQ(outage_.probe(), 1U) << "it tries for nobody anyway";
  outage_.on_unwanted(1);
  EXPECT_LT(may_connect(2), mono_time::max());
}

TEST_F(outage_test, a_connection_that_has_lasted_starts_the_pauses_anew) {
  for (int i = 0; i < 5; ++i) {
    lose();
    now_ = outage_.next_try();
  }
  lose(errc::connection_lost, false);
  EXPECT_GT(outage_.next_try(), now_ + 10s);
  now_ = outage_.next_try();
  lose(errc::connection_lost, true);
  EXPECT_EQ(outage_.next_try(), now_ + 500ms);
}

// A hub that accepts and closes at once is not asked the faster for it.
TEST_F(outage_test, an_open_that_does_not_last_does_not) {
  for (int i = 0; i < 5; ++i) {
    lose();
    now_ = outage_.next_try();
    outage_.on_open();
  }
  lose();
  EXPECT_EQ(outage_.next_try(), now_ + 16s);
}

TEST_F(outage_test, who_closes_without_a_word_three_times_in_a_row_speaks_no_amqp) {
  const auto close_mute = [&] {
    const auto named = outage_.name_mute(error{errc::peer_closed});
    outage_.on_lost(named, false, now_);
    return named.code();
  };
  EXPECT_EQ(close_mute(), errc::peer_closed);
  EXPECT_EQ(close_mute(), errc::peer_closed);
  EXPECT_EQ(close_mute(), errc::hub_speaks_no_amqp);
  EXPECT_EQ(close_mute(), errc::hub_speaks_no_amqp);
  lose(errc::name_unresolved); // it was not the same server
  EXPECT_EQ(close_mute(), errc::peer_closed);
  static_cast<void>(close_mute());
  outage_.on_open();
  EXPECT_EQ(close_mute(), errc::peer_closed);
}

TEST_F(outage_test, what_lasts_is_news_once_until_a_connection_has_been_open) {
  EXPECT_FALSE(outage_.needs_attention(error{errc::connection_lost}));
  EXPECT_TRUE(outage_.needs_attention(error{errc::tls_untrusted}));
  EXPECT_FALSE(outage_.needs_attention(error{errc::tls_untrusted}));
  outage_.on_open();
  EXPECT_TRUE(outage_.needs_attention(error{errc::tls_untrusted}));
}

TEST_F(outage_test, after_a_quarter_of_an_hour_the_hub_may_be_gone) {
  const error refused{errc::connection_refused};
  lose();
  now_ += 14min;
  lose();
  EXPECT_FALSE(outage_.suspects_gone(refused, now_));
  now_ += 1min;
  EXPECT_TRUE(outage_.suspects_gone(refused, now_));
  outage_.on_scout_sent(now_);
  EXPECT_FALSE(outage_.suspects_gone(refused, now_));
  now_ += 15min;
  EXPECT_TRUE(outage_.suspects_gone(refused, now_)) << "the next scout";
}

TEST_F(outage_test, a_name_that_is_gone_says_so_after_two_minutes) {
  lose(errc::name_unresolved);
  now_ += 119s;
  EXPECT_FALSE(outage_.suspects_gone(error{errc::name_unresolved}, now_));
  now_ += 1s;
  EXPECT_TRUE(outage_.suspects_gone(error{errc::name_unresolved}, now_));
  EXPECT_FALSE(outage_.suspects_gone(error{errc::connection_refused}, now_));
}

TEST_F(outage_test, only_the_time_since_somebody_wants_the_hub_counts) {
  lose();
  now_ += 1h;
  outage_.on_first_device();
  lose();
  EXPECT_FALSE(outage_.suspects_gone(error{errc::connection_refused}, now_));
  outage_.on_open();
  now_ += 1h;
  EXPECT_FALSE(outage_.suspects_gone(error{errc::connection_refused}, now_));
}

TEST_F(outage_test, what_was_in_the_way_may_have_gone) {
  for (int i = 0; i < 8; ++i) {
    lose();
    now_ = outage_.next_try();
  }
  lose();
  EXPECT_GT(may_connect(0), now_ + 30s);
  outage_.try_now(now_);
  EXPECT_LE(may_connect(0), now_);
  EXPECT_LE(may_connect(1), now_ + 2ms) << "all of them may";
}

} // namespace
} // namespace causeway::hub
