// SPDX-License-Identifier: Apache-2.0
#include "emulator/hub/histogram.h"

#include <gtest/gtest.h>

namespace causeway::emulator {
namespace {

using namespace std::chrono_literals;

TEST(histogram, tells_quantiles_within_its_bucket_width) {
  histogram h;
  for (int i = 1; i <= 1000; ++i)
    h.record(i * 1ms);
  EXPECT_EQ(h.count(), 1000U);
  EXPECT_NEAR(h.quantile_ms(0.5), 500, 17);
  EXPECT_NEAR(h.quantile_ms(0.99), 990, 33);
}

TEST(histogram, is_exact_to_the_microsecond_when_small) {
  histogram h;
  h.record(7us);
  EXPECT_EQ(h.quantile(1.0), 8us);
}

TEST(histogram, keeps_what_is_out_of_range_in_the_last_bucket) {
  histogram h;
  h.record(24h);
  h.record(-5s);
  EXPECT_EQ(h.count(), 2U);
  EXPECT_GT(h.quantile(1.0), 1h);
  EXPECT_EQ(h.quantile(0.5), 1us);
}

TEST(histogram, is_zero_when_empty) {
  EXPECT_EQ(histogram{}.quantile(0.99), 0ns);
}

} // namespace
} // namespace causeway::emulator
