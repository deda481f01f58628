// SPDX-License-Identifier: Apache-2.0
#include "dps/registration_turns.h"

#include <gtest/gtest.h>

namespace causeway::dps {
namespace {

using namespace std::chrono_literals;

struct registration_turns_test : testing::Test {
  mono_time now{1h};
  registration_turns turns{60, now}; // six at once, then one a second

  void push_many(std::uint32_t first, std::uint32_t count, std::uint32_t lane) {
    for (auto device = first; device < first + count; ++device)
      turns.push(device_ref{device}, lane, false);
  }
  std::vector<std::uint32_t> take_all() {
    std::vector<std::uint32_t> out;
    while (const auto next = turns.take_first(now, now))
      out.push_back(index_of(*next));
    return out;
  }
};

TEST_F(registration_turns_test, applications_take_turns_within_the_quota) {
  push_many(0, 100, 0);
  push_many(1'000, 2, 1);
  turns.promote(device_ref{50});
  EXPECT_EQ(take_all(), (std::vector<std::uint32_t>{50, 0, 1'000, 1, 1'001, 2}));
  EXPECT_EQ(turns.next_first(now, now), now + 1s);
  now += 1s;
  EXPECT_EQ(take_all().size(), 1U);
  EXPECT_EQ(turns.waiting(), 95U);
}

TEST_F(registration_turns_test, repeats_take_from_the_same_quota) {
  push_many(0, 100, 0);
  for (int i = 0; i < 4; ++i)
    EXPECT_TRUE(turns.take_repeat(now));
  EXPECT_EQ(take_all().size(), 2U);
  EXPECT_FALSE(turns.take_repeat(now));
  EXPECT_EQ(turns.next_repeat(now), now + 1s);
}

TEST_F(registration_turns_test, none_begins_before_it_may_and_then_it_costs_nothing) {
  push_many(0, 1, 0);
  EXPECT_FALSE(turns.take_first(now + 5s, now));
  EXPECT_EQ(turns.next_first(now + 5s, now), now + 5s);
  EXPECT_EQ(turns.waiting(), 1U);
  EXPECT_TRUE(turns.take_first(now, now));
}

TEST_F(registration_turns_test, an_empty_queue_waits_for_nothing) {
  EXPECT_FALSE(turns.take_first(now, now));
  EXPECT_EQ(turns.next_first(now, now), mono_time::max());
  push_many(0, 1, 0);
  EXPECT_TRUE(turns.remove(device_ref{0}));
  EXPECT_FALSE(turns.remove(device_ref{0}));
  EXPECT_EQ(turns.next_first(now, now), mono_time::max());
}

TEST_F(registration_turns_test, a_throttle_holds_them_all) {
  push_many(0, 2, 0);
  ASSERT_TRUE(turns.take_first(now, now));
  turns.on_throttled(now, 7s, now);
  EXPECT_EQ(turns.quota().held_until(), now + 7s);
  EXPECT_FALSE(turns.take_first(now, now));
  EXPECT_FALSE(turns.take_repeat(now + 6'999ms));
  EXPECT_TRUE(turns.take_first(now, now + 7s));
}

TEST_F(registration_turns_test, no_more_come_within_a_minute_than_the_quota_lets) {
  push_many(0, 5, 0);
  EXPECT_EQ(turns.to_come(), 5);
  push_many(100, 500, 0);
  EXPECT_EQ(turns.to_come(), 60);
}

} // namespace
} // namespace causeway::dps
