// SPDX-License-Identifier: Apache-2.0
#include "watch/exposition.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>

namespace causeway::watch {
namespace {

using model::figure_kind;
using enum exposition_format;
using label = std::pair<std::string_view, std::string_view>;

std::string counter_in(exposition_format format) {
  exposition page{format};
  page.begin("causeway_away_seconds_total", figure_kind::counter, "Time, \"away\"\nand C:\\");
  const std::array<label, 2> two{label{"application", "a\"b\\c\nd"}, label{"reason", "x"}};
  page.sample(two, 1.5);
  return std::move(page).finish();
}

TEST(exposition, escapes_as_each_format_has_it) {
  EXPECT_EQ(counter_in(prometheus_text),
            "# HELP causeway_away_seconds_total Time, \"away\"\\nand C:\\\\\n"
            "# TYPE causeway_away_seconds_total counter\n"
            "causeway_away_seconds_total{application=\"a\\\"b\\\\c\\nd\",reason=\"x\"} 1.5\n");
  EXPECT_EQ(counter_in(open_metrics),
            "# HELP causeway_away_seconds Time, \\\"away\\\"\\nand C:\\\\\n"
            "# TYPE causeway_away_seconds counter\n"
            "# UNIT causeway_away_seconds seconds\n"
            "causeway_away_seconds_total{application=\"a\\\"b\\\\c\\nd\",reason=\"x\"} 1.5\n"
            "# EOF\n");
}

TEST(exposition, writes_numbers_that_are_read_back_the_same) {
  exposition page{prometheus_text};
  page.begin("x", figure_kind::gauge, "X");
  const model::figure_value all[] = {std::uint64_t{18'446'744'073'709'551'615U},
                                     0.1,
                                     -2400.0,
                                     1e300,
                                     true,
                                     std::numeric_limits<double>::infinity(),
                                     -std::numeric_limits<double>::infinity(),
                                     std::numeric_limits<double>::quiet_NaN(),
                                     std::monostate{},
                                     wall_time{milliseconds{1'700'000'000'500}}};
  for (const auto& value : all)
    page.sample({}, value);
  EXPECT_EQ(std::move(page).finish(), "# HELP x X\n# TYPE x gauge\n"
                                      "x 18446744073709551615\nx 0.1\nx -2400\nx 1e+300\nx 1\nx +Inf\n"
                                      "x -Inf\nx NaN\nx 0\nx 1700000000.5\n");
}

TEST(exposition, bounds_of_open_metrics_are_written_as_it_wants_them) {
  const auto in = [](exposition_format format) {
    exposition page{format};
    page.begin_histogram("h", "H");
    page.histogram({}, std::array<std::uint32_t, 2>{5, 1'000}, std::array<std::uint64_t, 3>{1, 2, 3}, 7'500);
    return std::move(page).finish();
  };
  EXPECT_EQ(in(prometheus_text), "# HELP h H\n# TYPE h histogram\nh_bucket{le=\"0.005\"} 1\n"
                                 "h_bucket{le=\"1\"} 3\nh_bucket{le=\"+Inf\"} 6\nh_count 6\nh_sum 7.5\n");
  EXPECT_NE(in(open_metrics).find("h_bucket{le=\"1.0\"} 3\n"), std::string::npos);
}

TEST(exposition, is_open_metrics_only_for_who_asks_for_it) {
  // Prometheus 2.42 and 3.
  EXPECT_EQ(choose_format("application/openmetrics-text;version=1.0.0,application/openmetrics-text;"
                          "version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"),
            open_metrics);
  EXPECT_EQ(choose_format("application/openmetrics-text"), open_metrics);
  EXPECT_EQ(choose_format("text/plain;q=0.9, application/openmetrics-text; version=1.0.0 ; q=0.8"),
            prometheus_text);
  for (const auto* accept : {"", "*/*", "text/html,*/*;q=0.8", "text/plain;version=0.0.4",
                             "application/openmetrics-text;q=0", "application/openmetrics-text;version=2.0.0",
                             "application/openmetrics-text;q=x", ";;,,=;q", "application/json"})
    EXPECT_EQ(choose_format(accept), prometheus_text) << accept;
}

} // namespace
} // namespace causeway::watch
