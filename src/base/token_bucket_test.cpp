// SPDX-License-Identifier: Apache-2.0
#include "base/token_bucket.h"

#include <gtest/gtest.h>

namespace causeway {
namespace {

TEST(token_bucket, gives_the_burst_then_the_rate) {
  manual_clock clock;
  token_bucket bucket{10.0, 5.0, clock.now().mono};
  int taken = 0;
  while (bucket.take(clock.now().mono))
    ++taken;
  EXPECT_EQ(taken, 5);
  EXPECT_EQ(bucket.next(clock.now().mono) - clock.now().mono, milliseconds{100});
  for (int i = 0; i < 1000; ++i) {
    clock.advance(milliseconds{10});
    taken += bucket.take(clock.now().mono) ? 1 : 0;
  }
  EXPECT_EQ(taken, 105);
}

TEST(token_bucket, next_is_when_take_succeeds) {
  manual_clock clock;
  token_bucket bucket{3.0, 1.0, clock.now().mono};
  ASSERT_TRUE(bucket.take(clock.now().mono));
  const auto when = bucket.next(clock.now().mono);
  EXPECT_FALSE(bucket.take(when - milliseconds{1}));
  EXPECT_TRUE(bucket.take(when));
}

} // namespace
} // namespace causeway
