// SPDX-License-Identifier: Apache-2.0
#include "emulator/hub/daily_meter.h"

#include <gtest/gtest.h>

namespace causeway::emulator {
namespace {

using namespace std::chrono_literals;

TEST(daily_meter, counts_each_begun_piece) {
  const daily_meter meter{{std::nullopt, 4096}};
  EXPECT_EQ(meter.pieces(0), 1U);
  EXPECT_EQ(meter.pieces(4096), 1U);
  EXPECT_EQ(meter.pieces(4097), 2U);
  EXPECT_EQ(daily_meter({std::nullopt, 512}).pieces(4096), 8U);
}

TEST(daily_meter, refuses_what_exceeds_the_limit_until_midnight_utc) {
  manual_clock clock; // 2026-01-01T00:00:00Z
  clock.advance(23h + 59min);
  daily_meter meter{{3, 4096}};
  EXPECT_TRUE(meter.admit(2, clock.now().wall));
  EXPECT_FALSE(meter.admit(2, clock.now().wall));
  EXPECT_TRUE(meter.admit(1, clock.now().wall));
  EXPECT_FALSE(meter.admit(1, clock.now().wall));
  EXPECT_EQ(meter.used(clock.now().wall), 3U);
  EXPECT_EQ(format_rfc3339(daily_meter::end_of_day(clock.now().wall)), "2026-01-02T00:00:00.000Z");
  clock.advance(1min);
  EXPECT_EQ(meter.used(clock.now().wall), 0U);
  EXPECT_TRUE(meter.admit(3, clock.now().wall));
}

TEST(daily_meter, can_be_changed_while_it_counts) {
  const manual_clock clock;
  const auto now = clock.now().wall;
  daily_meter meter{{std::nullopt, 4096}};
  EXPECT_TRUE(meter.admit(10, now));
  meter.set_limit(10);
  EXPECT_FALSE(meter.admit(1, now));
  meter.set_used(0, now);
  EXPECT_TRUE(meter.admit(1, now));
}

} // namespace
} // namespace causeway::emulator
