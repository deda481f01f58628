// SPDX-License-Identifier: Apache-2.0
#include "watch/timeline_view.h"

#include <gtest/gtest.h>

namespace causeway::watch {
namespace {

using model::phase;

struct scene {
  moment start = manual_clock{}.now();
  model::timeline line{start, 64};

  void note(phase what, int begin_ms, int ms, std::optional<device_ref> device,
            model::connection_number connection = 0, std::optional<errc> fault = {}) {
    line.note({start.mono + milliseconds{begin_ms}, milliseconds{ms}, device, connection, what, fault});
  }
  static std::optional<model::device_key> name(device_ref ref) {
    if (index_of(ref) > 99) return std::nullopt;
    return model::device_key{application_id{"water"}, device_id{"meter-" + std::to_string(index_of(ref))}};
  }
};

TEST(timeline_view, tells_a_span_in_full) {
  scene s;
  s.note(phase::attach, 1'500, 25, device_ref{7}, 3, errc::hub_throttled);
  const auto span = span_json(s.line.at(0), s.line, &scene::name);
  EXPECT_EQ(span.at("device"), "meter-7");
  EXPECT_EQ(span.at("application"), "water");
  EXPECT_EQ(span.at("phase"), "attach");
  EXPECT_EQ(span.at("begin"), "2026-01-01T00:00:01.500Z");
  EXPECT_EQ(span.at("begin_ms").as_double(), 1'500);
  EXPECT_EQ(span.at("ms").as_double(), 25);
  EXPECT_EQ(span.at("connection").to_number<int>(), 3);
  EXPECT_EQ(span.at("fault"), "hub_throttled");
}

TEST(timeline_view, a_device_that_is_gone_has_no_name) {
  scene s;
  s.note(phase::cbs, 0, 1, device_ref{500});
  EXPECT_TRUE(span_json(s.line.at(0), s.line, &scene::name).at("device").is_null());
}

TEST(timeline_view, pages_through_the_ring_and_says_what_was_missed) {
  scene s;
  for (std::uint32_t i = 0; i < 70; ++i)
    s.note(phase::cbs, static_cast<int>(i), 1, device_ref{i % 2});
  const auto odd = [](const model::span& one) { return one.device == device_ref{1}; };
  auto page = page_of(s.line, 0, 20, odd, &scene::name);
  EXPECT_EQ(page.missed, 6U);
  EXPECT_EQ(page.spans.size(), 20U);
  EXPECT_TRUE(page.more);
  std::size_t seen = page.spans.size();
  page = page_of(s.line, page.next, 20, odd, &scene::name);
  seen += page.spans.size();
  EXPECT_EQ(page.missed, 0U);
  EXPECT_FALSE(page.more);
  EXPECT_EQ(seen, 32U);
  EXPECT_EQ(page_of(s.line, 1'000'000, 20, odd, &scene::name).spans.size(), 0U);
}

TEST(timeline_view, a_search_goes_on_where_the_page_before_stopped_looking) {
  model::timeline line{manual_clock{}.now(), 200'000};
  for (std::uint64_t i = 0; i < most_looked_at + 10; ++i)
    line.note({line.started().mono,
               milliseconds{1},
               device_ref{i < most_looked_at ? 1U : 2U},
               0,
               phase::dps_poll,
               {}});
  const auto second = [](const model::span& one) { return one.device == device_ref{2}; };
  auto page = page_of(line, 0, 20, second, &scene::name);
  EXPECT_EQ(page.spans.size(), 0U);
  EXPECT_EQ(page.next, most_looked_at);
  EXPECT_TRUE(page.more);
  page = page_of(line, page.next, 20, second, &scene::name);
  EXPECT_EQ(page.spans.size(), 10U);
  EXPECT_FALSE(page.more);
}

TEST(timeline_view, sums_up_by_phase) {
  scene s;
  for (int i = 1; i <= 50; ++i)
    s.note(phase::dps_wait, 0, i * 100, device_ref{0}, 0,
           i == 50 ? std::optional{errc::dps_throttled} : std::nullopt);
  const auto all = summary_json(s.line);
  ASSERT_EQ(all.at("phases").as_array().size(), 1U);
  const auto& wait = all.at("phases").at(0);
  EXPECT_EQ(wait.at("phase"), "dps.wait");
  EXPECT_EQ(wait.at("count").to_number<int>(), 50);
  EXPECT_EQ(wait.at("faults").to_number<int>(), 1);
  EXPECT_NEAR(wait.at("seconds").as_double(), 127.5, 1e-6);
  EXPECT_NEAR(wait.at("p50_ms").as_double(), 2'500, 50);
  EXPECT_NEAR(wait.at("p99_ms").as_double(), 5'000, 100);
  EXPECT_EQ(wait.at("max_ms").as_double(), 5'000);
}

TEST(timeline_view, shows_the_last_way_with_its_connection_only) {
  scene s;
  s.note(phase::hub_queue, 0, 5, device_ref{1});
  s.note(phase::tls, 5, 50, {}, 1);
  s.note(phase::attach, 60, 5, device_ref{1}, 1);
  s.note(phase::first_send, 100, 5, device_ref{1}, 1);
  // The connection is lost an hour later; another one carries the device then.
  s.note(phase::hub_queue, 3'600'000, 5, device_ref{1});
  s.note(phase::tls, 3'600'005, 40, {}, 2);
  s.note(phase::attach, 3'600'050, 5, device_ref{1}, 2);
  // Its next message is hours away: no part of its way to the hub.
  s.note(phase::first_send, 9'000'000, 5, device_ref{1}, 2);
  const auto row = last_session(s.line.of(device_ref{1}), s.line, "meter-1");
  ASSERT_EQ(row.bars.size(), 3U);
  EXPECT_EQ(row.bars[0].what, phase::hub_queue);
  EXPECT_EQ(row.bars[1].what, phase::tls);
  EXPECT_EQ(row.bars[1].duration_ms, 40);
  EXPECT_EQ(row.bars[2].what, phase::attach);
}

TEST(timeline_view, commands_are_no_part_of_a_way_to_the_hub) {
  scene s;
  s.note(phase::hub_queue, 0, 5, device_ref{1});
  s.note(phase::attach, 10, 5, device_ref{1}, 1);
  s.note(phase::command_store, 20, 5, device_ref{1});
  s.note(phase::command_send, 25, 9'000'000, device_ref{1});
  s.note(phase::command_store, 20, 5, device_ref{2});
  EXPECT_EQ(last_session(s.line.of(device_ref{1}), s.line, "meter-1").bars.size(), 2U);
  const auto rows = first_sessions(s.line, 10, &scene::name);
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].bars.size(), 2U);
  EXPECT_EQ(summary_json(s.line).at("phases").as_array().size(), 4U) << "they are in the summary";
}

TEST(timeline_view, a_try_that_came_to_nothing_belongs_to_the_same_way) {
  scene s;
  s.note(phase::dps_queue, 0, 5, device_ref{1});
  s.note(phase::dps_register, 5, 50, device_ref{1}, 0, errc::dps_throttled);
  s.note(phase::dps_queue, 60'000, 5, device_ref{1});
  s.note(phase::dps_register, 60'005, 50, device_ref{1});
  s.note(phase::attach, 60'100, 5, device_ref{1}, 1);
  const auto row = last_session(s.line.of(device_ref{1}), s.line, "meter-1");
  ASSERT_EQ(row.bars.size(), 5U);
  EXPECT_EQ(row.bars[1].fault, "dps_throttled");
}

TEST(timeline_view, shows_the_first_ways_of_many_in_their_order) {
  scene s;
  s.note(phase::hub_queue, 20, 5, device_ref{2});
  s.note(phase::hub_queue, 10, 5, device_ref{1});
  s.note(phase::tcp, 5, 2, {}, 1);
  s.note(phase::attach, 30, 5, device_ref{1}, 1);
  s.note(phase::attach, 31, 5, device_ref{2}, 1);
  s.note(phase::hub_queue, 5'000, 5, device_ref{1}); // again, later
  s.note(phase::hub_queue, 40, 5, device_ref{3});
  const auto rows = first_sessions(s.line, 2, &scene::name);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].bars.front().what, phase::tcp);
  EXPECT_EQ(rows[0].bars.size(), 3U);
  EXPECT_EQ(rows[1].bars.size(), 3U);
}

} // namespace
} // namespace causeway::watch
