// SPDX-License-Identifier: Apache-2.0
#include "stack/log_in_guard.h"

#include <gtest/gtest.h>

namespace causeway::stack {
namespace {

TEST(log_in_guard, allows_twenty_mistakes_then_one_every_three_seconds_for_that_address_only) {
  manual_clock clock;
  log_in_guard guard;
  for (int i = 0; i < 20; ++i)
    EXPECT_TRUE(guard.wrong_log_in("10.0.0.1", clock.now().mono));
  EXPECT_FALSE(guard.wrong_log_in("10.0.0.1", clock.now().mono));
  EXPECT_TRUE(guard.wrong_log_in("10.0.0.2", clock.now().mono));
  clock.advance(seconds{3});
  EXPECT_TRUE(guard.wrong_log_in("10.0.0.1", clock.now().mono));
  EXPECT_FALSE(guard.wrong_log_in("10.0.0.1", clock.now().mono));
}

TEST(log_in_guard, holds_answers_but_not_without_bound) {
  manual_clock clock;
  log_in_guard guard;
  for (std::size_t i = 0; i < log_in_guard::most_held; ++i)
    EXPECT_EQ(guard.hold(clock.now().mono), log_in_guard::pause);
  EXPECT_EQ(guard.hold(clock.now().mono), milliseconds{0});
  clock.advance(log_in_guard::pause);
  EXPECT_EQ(guard.hold(clock.now().mono), log_in_guard::pause);
}

TEST(log_in_guard, forgets_the_oldest_address_rather_than_grow) {
  manual_clock clock;
  log_in_guard guard;
  for (int i = 0; i < 21; ++i)
    static_cast<void>(guard.wrong_log_in("first", clock.now().mono));
  for (int i = 0; i < 10'000; ++i)
    static_cast<void>(guard.wrong_log_in(std::to_string(i), clock.now().mono));
  EXPECT_TRUE(guard.wrong_log_in("first", clock.now().mono));
}

} // namespace
} // namespace causeway::stack
