// SPDX-License-Identifier: Apache-2.0
#include "emulator/hub/gcra_bucket.h"

#include <gtest/gtest.h>

namespace causeway::emulator {
namespace {

using namespace std::chrono_literals;

TEST(gcra_bucket, gives_a_minutes_worth_at_once_and_then_one_by_one) {
  manual_clock clock;
  gcra_bucket bucket{6};
  for (std::uint32_t left = 6; left-- > 0;) {
    const auto verdict = bucket.take(clock.now().mono);
    EXPECT_TRUE(verdict.admitted);
    EXPECT_EQ(verdict.available, left);
    EXPECT_EQ(verdict.limit, 6U);
  }
  const auto refused = bucket.take(clock.now().mono);
  EXPECT_FALSE(refused.admitted);
  EXPECT_EQ(refused.retry, 10);
  EXPECT_EQ(refused.reset, 60);
  clock.advance(10s - 1ms);
  EXPECT_EQ(bucket.take(clock.now().mono).retry, 1);
  clock.advance(1ms);
  EXPECT_TRUE(bucket.take(clock.now().mono).admitted);
  EXPECT_FALSE(bucket.take(clock.now().mono).admitted);
}

TEST(gcra_bucket, is_full_again_after_a_quiet_minute) {
  manual_clock clock;
  gcra_bucket bucket{2};
  EXPECT_TRUE(bucket.take(clock.now().mono).admitted);
  EXPECT_TRUE(bucket.take(clock.now().mono).admitted);
  clock.advance(60s);
  const auto verdict = bucket.take(clock.now().mono);
  EXPECT_TRUE(verdict.admitted);
  EXPECT_EQ(verdict.available, 1U);
  EXPECT_EQ(verdict.reset, 30);
}

} // namespace
} // namespace causeway::emulator
