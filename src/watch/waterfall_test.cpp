// SPDX-License-Identifier: Apache-2.0
#include "watch/waterfall.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

namespace causeway::watch {
namespace {

std::size_t count(const std::string& text, std::string_view part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size()))
    ++found;
  return found;
}

TEST(waterfall, draws_a_bar_for_each_phase_in_its_colour) {
  const auto svg = draw_waterfall(
      {{"meter-1", {{model::phase::dps_register, 100, 200}, {model::phase::dps_wait, 300, 3'000}}}},
      {"Six devices", ""});
  EXPECT_TRUE(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\""));
  EXPECT_TRUE(svg.ends_with("</svg>\n"));
  // The first bar begins at the left edge, though its time is not zero; 3,200 ms are 900 wide.
  EXPECT_NE(svg.find("<rect x=\"190\" y=\"64\" width=\"56.25\" height=\"14.4\" fill=\"#1f5fa8\">"),
            std::string::npos)
      << svg;
  EXPECT_NE(svg.find("<rect x=\"246.25\" y=\"64\" width=\"843.75\" height=\"14.4\" fill=\"#f2c66d\">"),
            std::string::npos)
      << svg;
  EXPECT_NE(svg.find("meter-1: dps.wait, 3 s from 200 ms"), std::string::npos);
}

TEST(waterfall, sums_the_seconds_of_each_phase_in_its_legend) {
  const auto svg = draw_waterfall({{"a", {{model::phase::tls, 0, 400}, {model::phase::cbs, 400, 10}}},
                                   {"b", {{model::phase::tls, 0, 800, "tls_handshake"}}}},
                                  {"two", ""});
  EXPECT_NE(svg.find(">tls 1.2 s in 2, 1 not well<"), std::string::npos) << svg;
  EXPECT_NE(svg.find(">cbs 10 ms in 1<"), std::string::npos);
  EXPECT_EQ(svg.find(">dns "), std::string::npos); // did not happen
  EXPECT_EQ(count(svg, "stroke=\"#c00000\""), 1U);
}

TEST(waterfall, counts_what_devices_share_once) {
  const waterfall_bar dns{model::phase::dns, 0, 40, "", 7}, other{model::phase::dns, 0, 10, "", 8};
  const auto svg = draw_waterfall({{"a", {dns}}, {"b", {dns}}, {"c", {other}}}, {"shared", ""});
  EXPECT_EQ(count(svg, "</title></rect>"), 3U);
  EXPECT_NE(svg.find(">dns 50 ms in 2<"), std::string::npos) << svg;
}

TEST(waterfall, escapes_all_text) {
  const auto svg =
      draw_waterfall({{"<a href=\"x\">&'\x01", {{model::phase::dns, 0, 1, "<b>"}}}}, {"<t>", "<n>"});
  EXPECT_EQ(svg.find("<a "), std::string::npos);
  EXPECT_EQ(svg.find("<b>"), std::string::npos);
  EXPECT_EQ(svg.find("<t>"), std::string::npos);
  EXPECT_EQ(svg.find("<n>"), std::string::npos);
  EXPECT_EQ(svg.find('\x01'), std::string::npos);
  EXPECT_NE(svg.find("&lt;a href=&quot;x&quot;&gt;&amp;&#39;?"), std::string::npos);
}

TEST(waterfall, of_nothing_is_a_picture_all_the_same) {
  for (const auto& rows : {std::vector<waterfall_row>{}, std::vector<waterfall_row>{{"a", {}}}}) {
    const auto svg = draw_waterfall(rows, {"nothing", ""});
    EXPECT_TRUE(svg.ends_with("</svg>\n"));
    EXPECT_EQ(svg.find("nan"), std::string::npos);
    EXPECT_EQ(svg.find("inf"), std::string::npos);
  }
}

TEST(waterfall, leaves_out_what_no_time_is) {
  const auto svg = draw_waterfall(
      {{"a", {{model::phase::dns, 0, NAN}, {model::phase::tcp, INFINITY, 1}, {model::phase::tls, 5, -1}}}},
      {"odd", ""});
  EXPECT_EQ(svg.find("nan"), std::string::npos);
  EXPECT_EQ(svg.find("inf"), std::string::npos);
}

TEST(waterfall, stays_of_bounded_height_and_says_what_it_leaves_out) {
  const std::vector<waterfall_row> rows(2'500, {"device", {{model::phase::cbs, 0, 1}}});
  const auto svg = draw_waterfall(rows, {"many", ""});
  EXPECT_NE(svg.find("500 further rows are left out"), std::string::npos);
  EXPECT_EQ(count(svg, "</title></rect>"), 2'000U);
  EXPECT_EQ(count(svg, ">device</text>"), 0U); // no room for labels
}

TEST(waterfall, every_phase_has_a_colour_of_its_own) {
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < model::phases; ++i)
    EXPECT_TRUE(seen.insert(colour_of(static_cast<model::phase>(i))).second) << i;
}

} // namespace
} // namespace causeway::watch
