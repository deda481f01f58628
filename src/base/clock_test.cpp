// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include <gtest/gtest.h>

namespace causeway {
namespace {

TEST(clock, writes_and_reads_rfc3339) {
  const wall_time time{milliseconds{1744804453787}};
  EXPECT_EQ(format_rfc3339(time), "2025-04-16T11:54:13.787Z");
  for (const char* text :
       {"2025-04-16T11:54:13.787Z", "2025-04-16T11:54:13.787000000Z", "2025-04-16T13:54:13.787+02:00"})
    EXPECT_EQ(parse_rfc3339(text).value(), time) << text;
  EXPECT_EQ(parse_rfc3339("2025-04-16T11:54:13.787593298Z").value(), time + std::chrono::nanoseconds{593298});
  EXPECT_EQ(parse_rfc3339("1970-01-01T00:00:00Z").value(), wall_time{});
}

TEST(clock, refuses_what_is_not_a_time) {
  for (const char* text :
       {"", "2025-04-16", "2025-13-16T11:54:13Z", "2025-02-30T11:54:13Z", "2025-04-16T24:54:13Z",
        "2025-04-16T11:54:13", "2025-04-16T11:54:13.Z", "2025-04-16T11:54:13.1234567890Z",
        "2025-04-16T11:54:13Zx", "2025-04-16T11:54:13+2:00", "x025-04-16T11:54:13Z", "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z"})
    EXPECT_FALSE(parse_rfc3339(text)) << text;
}

TEST(clock, turns_by_hand) {
  manual_clock clock;
  const auto before = clock.now();
  clock.advance(seconds{3});
  EXPECT_EQ(clock.now().mono - before.mono, seconds{3});
  EXPECT_EQ(unix_seconds(clock.now().wall), 1767225603);
}

} // namespace
} // namespace causeway
