// SPDX-License-Identifier: Apache-2.0
#include "base/rate_meter.h"

#include <gtest/gtest.h>

namespace causeway {
namespace {

TEST(rate_meter, says_nothing_before_it_has_seen_a_second) {
  rate_meter meter;
  EXPECT_EQ(meter.a_second(), 0);
  meter.note(100, mono_time{});
  meter.note(200, mono_time{milliseconds{999}});
  EXPECT_EQ(meter.a_second(), 0);
  meter.note(300, mono_time{milliseconds{2'000}});
  EXPECT_DOUBLE_EQ(meter.a_second(), 100);
}

TEST(rate_meter, forgets_what_is_older_than_its_window) {
  rate_meter meter;
  std::uint64_t total = 0;
  mono_time now{};
  const auto pass = [&](int count, std::uint64_t each) {
    for (int i = 0; i < count; ++i, now += seconds{1})
      meter.note(total += each, now);
  };
  pass(1'000, 50);
  EXPECT_DOUBLE_EQ(meter.a_second(), 50);
  pass(30, 0);
  EXPECT_DOUBLE_EQ(meter.a_second(), 25);
  pass(30, 0);
  EXPECT_DOUBLE_EQ(meter.a_second(), 0);
}

TEST(rate_meter, a_counter_that_has_fallen_begins_anew) {
  rate_meter meter;
  meter.note(1'000, mono_time{});
  meter.note(5, mono_time{seconds{1}});
  EXPECT_EQ(meter.a_second(), 0);
  meter.note(9, mono_time{seconds{3}});
  EXPECT_DOUBLE_EQ(meter.a_second(), 2);
}

} // namespace
} // namespace causeway
