// SPDX-License-Identifier: Apache-2.0
#include "causeway_bench/floor_figures.h"

#include <gtest/gtest.h>

namespace causeway::bench {
namespace {

TEST(floor_figures, the_ratio_is_the_median_of_the_pairs_not_of_all_runs) {
  // In the second pair the machine was twice as slow.
  const auto all = summary_of({{50, 100, 30, 10}, {100, 180, 32, 12}, {40, 88, 31, 14}});
  EXPECT_DOUBLE_EQ(all.ratio, 2.0);
  EXPECT_DOUBLE_EQ(all.least, 1.8);
  EXPECT_DOUBLE_EQ(all.greatest, 2.2);
  EXPECT_DOUBLE_EQ(all.floor, 50);
  EXPECT_DOUBLE_EQ(all.gateway, 100);
  EXPECT_DOUBLE_EQ(all.floor_rows, 31);
  EXPECT_DOUBLE_EQ(all.gateway_rows, 12);
}

TEST(floor_figures, the_object_has_each_pairs_ratio) {
  EXPECT_EQ(to_json({{50, 100, 1, 1}, {40, 60, 1.2, 1}}, "1000"),
            R"({"pairs":2,"rate":"1000","floor_us_per_uplink":45.0,"gateway_us_per_uplink":80.0,)"
            R"("floor_rows_per_commit":1.1,"gateway_rows_per_commit":1.0,)"
            R"("ratio":1.75,"least_ratio":1.50,"greatest_ratio":2.00,"ratios":[2.00,1.50]})");
}

TEST(floor_figures, the_text_names_the_rate_and_the_range) {
  EXPECT_EQ(
      to_text({{50, 100, 30, 12}}, "max"),
      "1 pair(s) at rate max: the gateway takes 2.00 times the floor's CPU (2.00 to 2.00); medians 100.0 "
      "and 50.0 µs an uplink, 12.0 and 30.0 rows a commit");
}

} // namespace
} // namespace causeway::bench
