// SPDX-License-Identifier: Apache-2.0
#include "causeway_bench/report.h"

#include <gtest/gtest.h>

namespace causeway::bench {
namespace {

constexpr std::string_view lines =
    "a line of something else\n"
    R"({"devices":6,"azure":"dps","start":"cold","strategy":"sequential","latency":"azure","retry_after":3,"seconds_to_all_online":21.5,"dps_requests":12,"dps_quota":null})"
    "\n"
    R"({"devices":6,"azure":"dps","start":"cold","strategy":"causeway","latency":"azure","retry_after":3,"seconds_to_all_online":3.25,"rss_bytes_per_device":12000,"gateway_cpu_seconds":0.06,"tier":"S1","units":2})"
    "\n"
    R"({"devices":"6"})"
    "\n"
    R"({"client":"Node <one by one>","devices":1000,"seconds_to_all_online":100})"
    "\n"
    R"({"devices":1000,"azure":"dps","start":"cold","strategy":"causeway","latency":"azure","retry_after":3,"tier":"S1","units":2,"seconds_to_all_online":5})";

std::size_t occurrences(std::string_view text, std::string_view word) {
  std::size_t found = 0;
  for (auto at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1))
    ++found;
  return found;
}

TEST(report, reads_measurements_and_skips_other_lines) {
  const auto rows = read_measurements(lines);
  ASSERT_EQ(rows.size(), 4U);
  EXPECT_EQ(rows[0].who, "sequential, dps, cold");
  EXPECT_EQ(rows[0].devices, 6U);
  EXPECT_DOUBLE_EQ(rows[0].seconds, 21.5);
  EXPECT_EQ(rows[0].dps_requests, 12.0);
  EXPECT_FALSE(rows[0].dps_quota_used_percent);
  EXPECT_EQ(rows[1].conditions, "latency azure, Retry-After 3 s, S1 x 2");
  EXPECT_EQ(rows[2].who, "Node <one by one>");
}

TEST(report, the_table_has_a_line_for_each_row_and_a_dash_for_what_was_not_measured) {
  const auto table = make_table(read_measurements(lines));
  EXPECT_EQ(occurrences(table, "\n"), 6U);
  EXPECT_NE(
      table.find("| causeway, dps, cold | 6 | latency azure, Retry-After 3 s, S1 x 2 | 3.250 | 1.8 | – | – | "
                 "12000 | 10.000 | – | – | – |"),
      std::string::npos)
      << table;
}

TEST(report, bars_are_of_the_number_of_devices_that_most_rows_have) {
  const auto bars = bars_of_seconds(read_measurements(lines));
  ASSERT_EQ(bars.size(), 2U);
  EXPECT_EQ(bars[0].label, "sequential, dps, cold");
  EXPECT_DOUBLE_EQ(bars[1].value, 3.25);
}

TEST(report, curves_are_of_who_was_measured_with_more_than_one_number) {
  const auto curves = curves_of_seconds(read_measurements(lines));
  ASSERT_EQ(curves.size(), 1U);
  EXPECT_EQ(curves[0].label, "causeway, dps, cold (latency azure, Retry-After 3 s, S1 x 2)");
  EXPECT_EQ(curves[0].points, (std::vector<std::pair<double, double>>{{6, 3.25}, {1000, 5}}));
}

TEST(report, a_longer_bar_stands_for_a_larger_value) {
  const auto svg = draw_bars("Seconds", "s", {{"slow", 20}, {"fast", 10}});
  // Linear from 0: the axis ends at 20, 440 units long.
  EXPECT_NE(svg.find("width=\"440.0\""), std::string::npos) << svg;
  EXPECT_NE(svg.find("width=\"220.0\""), std::string::npos) << svg;
}

TEST(report, values_far_apart_are_drawn_on_a_logarithmic_axis) {
  const auto svg = draw_bars("Seconds", "s", {{"slow", 100}, {"fast", 0.5}});
  for (const auto* mark : {">0.1<", ">1<", ">10<", ">100<"})
    EXPECT_NE(svg.find(mark), std::string::npos) << mark << svg;
  EXPECT_EQ(svg.find(">0<"), std::string::npos);
}

TEST(report, labels_cannot_break_the_drawing) {
  const auto svg = draw_bars("a & b", "s", {{"<script>", 1}});
  EXPECT_NE(svg.find("a &amp; b"), std::string::npos);
  EXPECT_EQ(svg.find("<script>"), std::string::npos);
}

TEST(report, drawings_of_nothing_and_of_zeros_are_drawings) {
  EXPECT_TRUE(draw_bars("t", "s", {}).ends_with("</svg>\n"));
  EXPECT_EQ(draw_bars("t", "s", {{"zero", 0}}).find("nan"), std::string::npos);
  EXPECT_EQ(draw_curves("t", "x", "y", {{"one", {{0, 0}, {1, 0}}}}).find("nan"), std::string::npos);
}

TEST(report, each_curve_has_its_points_and_its_line_in_the_legend) {
  const auto svg =
      draw_curves("t", "devices", "seconds", {{"one", {{6, 1}, {60, 2}}}, {"two", {{6, 3}, {60, 4}}}});
  EXPECT_EQ(occurrences(svg, "<circle"), 4U);
  EXPECT_EQ(occurrences(svg, "<polyline"), 2U);
  EXPECT_EQ(occurrences(svg, ">two</text>"), 1U);
}

} // namespace
} // namespace causeway::bench
