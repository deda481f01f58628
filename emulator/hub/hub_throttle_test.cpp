// SPDX-License-Identifier: Apache-2.0
#include "emulator/hub/hub_throttle.h"

#include <gtest/gtest.h>

namespace causeway::emulator {
namespace {

using namespace std::chrono_literals;

TEST(hub_throttle, lets_a_seconds_worth_pass_then_delays_then_refuses) {
  manual_clock clock;
  hub_throttle throttle{100};
  for (int i = 0; i < 100; ++i)
    ASSERT_EQ(throttle.admit(clock.now().mono), 0ns) << i;
  EXPECT_EQ(throttle.admit(clock.now().mono), 10ms);
  EXPECT_EQ(throttle.admit(clock.now().mono), 20ms);
  for (int i = 2; i < 200; ++i)
    ASSERT_TRUE(throttle.admit(clock.now().mono)) << i;
  EXPECT_EQ(throttle.admit(clock.now().mono), std::nullopt);
  clock.advance(10ms);
  EXPECT_EQ(throttle.admit(clock.now().mono), 2s);
  EXPECT_EQ(throttle.admit(clock.now().mono), std::nullopt);
}

TEST(hub_throttle, never_delays_what_keeps_the_rate) {
  manual_clock clock;
  hub_throttle throttle{250};
  for (int i = 0; i < 10'000; ++i) {
    ASSERT_EQ(throttle.admit(clock.now().mono), 0ns);
    clock.advance(4ms);
  }
}

TEST(hub_throttle, works_at_its_rate_however_many_are_refused) {
  manual_clock clock;
  hub_throttle throttle{1000};
  int admitted = 0;
  for (int i = 0; i < 10'000; ++i) { // 3,000 a second for 10 s over 3
    if (throttle.admit(clock.now().mono)) ++admitted;
    clock.advance(333333ns);
  }
  // A second's worth at once, two seconds' worth waiting, and the rate meanwhile.
  EXPECT_NEAR(admitted, 1000 + 2000 + 3333, 5);
}

TEST(hub_throttle, is_off_without_a_rate) {
  hub_throttle throttle{0};
  for (int i = 0; i < 100'000; ++i)
    ASSERT_EQ(throttle.admit({}), 0ns);
}

TEST(connect_window, finds_the_busiest_second_wherever_it_begins) {
  manual_clock clock;
  connect_window window;
  for (int i = 0; i < 20; ++i) { // ten a second, but 15 of them around the turn of the second
    window.arrive(clock.now().mono);
    clock.advance(100ms);
  }
  EXPECT_EQ(window.busiest(), 10U);
  for (int i = 0; i < 15; ++i)
    window.arrive(clock.now().mono);
  EXPECT_EQ(window.busiest(), 24U);
  clock.advance(2s);
  window.arrive(clock.now().mono);
  EXPECT_EQ(window.busiest(), 24U);
  window.reset();
  EXPECT_EQ(window.busiest(), 0U);
  window.arrive(clock.now().mono);
  EXPECT_EQ(window.busiest(), 1U);
}

} // namespace
} // namespace causeway::emulator
