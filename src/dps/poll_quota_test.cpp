// SPDX-License-Identifier: Apache-2.0
#include "dps/poll_quota.h"

#include <gtest/gtest.h>

namespace causeway::dps {
namespace {

using namespace std::chrono_literals;

struct poll_quota_test : testing::Test {
  poll_quota polls{120};
  mono_time now{1h};
};

TEST_F(poll_quota_test, there_is_none_until_dps_has_throttled_a_poll) {
  for (int i = 0; i < 1'000; ++i)
    EXPECT_TRUE(polls.take(now));
  EXPECT_FALSE(polls.is_metered());
  EXPECT_EQ(polls.next(now), now);
  EXPECT_EQ(polls.a_minute(), 120);
}

TEST_F(poll_quota_test, a_throttle_holds_all_polls_for_as_long_as_it_says) {
  polls.on_throttled(false, now, 7s, now);
  EXPECT_TRUE(polls.is_held(now));
  EXPECT_GE(polls.next(now), now + 7s);
  polls.on_throttled(false, now, 2s, now + 1s); // was under way, too
  EXPECT_TRUE(polls.is_held(now + 7s - 1ns));
  EXPECT_FALSE(polls.is_held(now + 7s));
}

TEST_F(poll_quota_test, it_is_learnt_from_what_dps_has_taken_within_the_last_minute) {
  for (int i = 0; i < 20; ++i)
    polls.on_answer(false, now - 61s); // too long ago
  for (int i = 0; i < 80; ++i)
    polls.on_answer(false, now);
  polls.on_throttled(false, now, 1s, now);
  EXPECT_TRUE(polls.is_metered());
  const auto learnt = polls.a_minute();
  EXPECT_GT(learnt, 75);
  EXPECT_LE(learnt, 80);
  EXPECT_FALSE(polls.take(now + 1s)) << "those of the last minute fill it";
}

TEST_F(poll_quota_test, there_is_no_pace_within_the_minute) {
  for (int i = 0; i < 80; ++i)
    polls.on_answer(false, now);
  polls.on_throttled(false, now, 1s, now);
  now += 2min;
  int taken = 0;
  while (polls.take(now))
    ++taken;
  EXPECT_GT(taken, 75);
}

TEST_F(poll_quota_test, it_begins_no_lower_than_with_half_of_what_is_documented) {
  polls.on_throttled(false, now, 1s, now);
  EXPECT_EQ(polls.a_minute(), 60);
}

TEST_F(poll_quota_test, what_went_out_before_it_was_learnt_does_not_count_by_it) {
  polls.on_throttled(false, now, 1s, now);
  const auto learnt = polls.a_minute();
  polls.on_throttled(false, now, 1s, now);
  polls.on_answer(false, now);
  polls.on_no_answer(false, now);
  EXPECT_EQ(polls.a_minute(), learnt);
}

TEST_F(poll_quota_test, a_place_is_free_a_minute_after_its_answer_or_after_none_has_come) {
  polls = poll_quota{2};
  polls.on_throttled(false, now, 1s, now);
  now += 61s;
  ASSERT_TRUE(polls.take(now));
  while (polls.take(now)) {
  }
  EXPECT_EQ(polls.next(now), mono_time::max()) << "all wait for their answers";
  polls.on_no_answer(true, now);
  EXPECT_EQ(polls.next(now), now + 60s);
}

TEST_F(poll_quota_test, one_that_is_counted_and_refused_lowers_it_further) {
  for (int i = 0; i < 100; ++i)
    polls.on_answer(false, now);
  polls.on_throttled(false, now, 1s, now);
  now += 61s;
  ASSERT_TRUE(polls.take(now));
  const auto before = polls.a_minute();
  polls.on_throttled(true, now, 1s, now);
  EXPECT_LT(polls.a_minute(), before);
}

} // namespace
} // namespace causeway::dps
