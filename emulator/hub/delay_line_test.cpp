// SPDX-License-Identifier: Apache-2.0
#include "emulator/hub/delay_line.h"

#include <gtest/gtest.h>

namespace causeway::emulator {
namespace {

using namespace std::chrono_literals;

TEST(delay_line, gives_bytes_back_late_in_order_and_without_making_them_wait_for_one_another) {
  manual_clock clock;
  delay_line line{20ms};
  std::string out;
  EXPECT_EQ(line.next(), std::nullopt);
  for (int i = 0; i < 10; ++i) {
    line.push(std::to_string(i), clock.now().mono);
    clock.advance(1ms);
  }
  EXPECT_FALSE(line.take(clock.now().mono, out));
  EXPECT_EQ(line.next(), clock.now().mono + 10ms);
  clock.advance(12ms);
  EXPECT_TRUE(line.take(clock.now().mono, out));
  EXPECT_EQ(out, "012");
  EXPECT_EQ(line.bytes(), 7U);
  clock.advance(10ms);
  EXPECT_TRUE(line.take(clock.now().mono, out));
  EXPECT_EQ(out, "0123456789");
  EXPECT_TRUE(line.empty());
}

TEST(delay_line, drops_everything_when_it_is_cut) {
  delay_line line{1ms};
  line.push("x", {});
  line.clear();
  EXPECT_TRUE(line.empty());
  EXPECT_EQ(line.bytes(), 0U);
}

} // namespace
} // namespace causeway::emulator
