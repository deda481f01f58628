// SPDX-License-Identifier: Apache-2.0
#include "emulator/hub/sliding_window.h"

#include <gtest/gtest.h>

namespace causeway::emulator {
namespace {

using namespace std::chrono_literals;

TEST(sliding_window, lets_no_span_hold_more_than_the_limit) {
  manual_clock clock;
  sliding_window window{3, 60s};
  EXPECT_FALSE(window.take(clock.now().mono));
  clock.advance(20s);
  EXPECT_FALSE(window.take(clock.now().mono));
  EXPECT_FALSE(window.take(clock.now().mono));
  EXPECT_EQ(window.take(clock.now().mono), 40s);
  clock.advance(40s - 1ns);
  EXPECT_EQ(window.take(clock.now().mono), 1ns);
  clock.advance(1ns);
  EXPECT_FALSE(window.take(clock.now().mono)); // the first one's place
  EXPECT_EQ(window.take(clock.now().mono), 20s);
}

TEST(sliding_window, does_not_count_what_it_refuses) {
  manual_clock clock;
  sliding_window window{1, 10s};
  EXPECT_FALSE(window.take(clock.now().mono));
  for (int i = 0; i < 9; ++i) {
    clock.advance(1s);
    EXPECT_TRUE(window.take(clock.now().mono));
  }
  clock.advance(1s);
  EXPECT_FALSE(window.take(clock.now().mono));
}

TEST(sliding_window, says_waits_in_whole_seconds_of_at_least_one) {
  EXPECT_EQ(whole_seconds(0ns), 1);
  EXPECT_EQ(whole_seconds(1s), 1);
  EXPECT_EQ(whole_seconds(1s + 1ns), 2);
}

} // namespace
} // namespace causeway::emulator
