// SPDX-License-Identifier: Apache-2.0
#include "hub/daily_quota.h"

#include <gtest/gtest.h>

namespace causeway::hub {
namespace {

using std::chrono::minutes;

// At 12:00 UTC of some day, unless said otherwise.
moment at(std::chrono::nanoseconds since, std::chrono::hours hour = std::chrono::hours{12}) {
  return {mono_time{} + seconds{1'000} + since, wall_time{} + std::chrono::hours{24 * 20'000} + hour + since};
}

TEST(daily_quota, lets_everything_through_until_it_is_used_up) {
  daily_quota quota;
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(quota.is_open(at({}).mono));
    quota.on_send(at({}).mono);
    EXPECT_FALSE(quota.on_accepted());
  }
}

TEST(daily_quota, lets_one_message_ask_after_growing_pauses) {
  daily_quota quota;
  EXPECT_TRUE(quota.on_refused(at({})));
  EXPECT_FALSE(quota.on_refused(at(seconds{1}))); // under way at that moment
  std::chrono::nanoseconds since{0};
  for (const auto pause : {1, 2, 4, 8, 15, 15, 15}) {
    EXPECT_EQ(quota.next(at(since).mono), at(since + minutes{pause}).mono);
    EXPECT_FALSE(quota.is_open(at(since + minutes{pause} - seconds{1}).mono));
    since += minutes{pause};
    ASSERT_TRUE(quota.is_open(at(since).mono));
    quota.on_send(at(since).mono);
    EXPECT_FALSE(quota.is_open(at(since).mono)); // one, not all
    EXPECT_FALSE(quota.on_refused(at(since)));
  }
  since += minutes{15};
  quota.on_send(at(since).mono);
  EXPECT_TRUE(quota.on_accepted());
  EXPECT_FALSE(quota.is_used_up());
  EXPECT_TRUE(quota.is_open(at(since).mono));
}

TEST(daily_quota, asks_as_soon_as_the_day_is_over) {
  daily_quota quota;
  const std::chrono::hours late{23};
  EXPECT_TRUE(quota.on_refused(at(minutes{59} + seconds{30}, late)));
  EXPECT_EQ(quota.next(at(minutes{59} + seconds{30}, late).mono), at(minutes{60} + seconds{5}, late).mono);
}

TEST(daily_quota, asks_again_when_nobody_answers) {
  daily_quota quota;
  EXPECT_TRUE(quota.on_refused(at({})));
  quota.on_send(at(minutes{1}).mono);
  EXPECT_FALSE(quota.is_open(at(minutes{1} + seconds{29}).mono));
  EXPECT_TRUE(quota.is_open(at(minutes{1} + seconds{30}).mono));
}

} // namespace
} // namespace causeway::hub
