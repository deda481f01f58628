// SPDX-License-Identifier: Apache-2.0
#include "watch/rate_history.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace causeway::watch {
namespace {

struct hour {
  manual_clock clock;
  snapshot figures;
  rate_history history;

  void pass(std::uint64_t stored, std::uint64_t sent) {
    clock.advance(rate_history::interval);
    figures.store.appended_total += stored;
    figures.shard.sent += sent;
    history.note(figures, clock.now());
  }
};

TEST(rate_history, has_rates_from_one_point_to_the_next) {
  hour h;
  EXPECT_TRUE(h.history.is_due(h.clock.now().mono));
  h.figures.store.appended_total = 1'000'000; // from before: none of it is a rate
  h.history.note(h.figures, h.clock.now());
  EXPECT_TRUE(h.history.points().empty());
  h.clock.advance(seconds{4});
  EXPECT_FALSE(h.history.is_due(h.clock.now().mono));
  h.clock.advance(seconds{1});
  EXPECT_TRUE(h.history.is_due(h.clock.now().mono));
  h.figures.store.appended_total += 50;
  h.figures.shard.sent += 25;
  h.figures.shard.waiting_messages = 25;
  h.history.note(h.figures, h.clock.now());
  ASSERT_EQ(h.history.points().size(), 1U);
  const auto& point = h.history.points()[0];
  EXPECT_DOUBLE_EQ(point.stored, 10);
  EXPECT_DOUBLE_EQ(point.sent, 5);
  EXPECT_EQ(point.waiting, 25U);
  EXPECT_FALSE(point.p99_ms);
}

TEST(rate_history, has_the_latency_of_what_was_sent_since_the_point_before) {
  hour h;
  h.figures.shard.latency[0] = 1'000'000;
  h.pass(0, 0);
  h.figures.shard.latency[3] += 100; // 5 to 10 ms
  h.pass(0, 100);
  ASSERT_EQ(h.history.points().size(), 1U);
  EXPECT_DOUBLE_EQ(*h.history.points()[0].p50_ms, 7.5);
  EXPECT_DOUBLE_EQ(*h.history.points()[0].p99_ms, 9.95);
  h.figures.shard.latency.back() += 10; // above the last bound
  h.pass(0, 10);
  EXPECT_DOUBLE_EQ(*h.history.points()[1].p99_ms, 10'000);
}

TEST(rate_history, keeps_an_hour) {
  hour h;
  for (std::size_t i = 0; i < 2 * rate_history::most; ++i)
    h.pass(5 * i, 0);
  ASSERT_EQ(h.history.points().size(), rate_history::most);
  EXPECT_DOUBLE_EQ(h.history.points().back().stored, 2.0 * rate_history::most - 1);
  EXPECT_EQ(h.history.points().back().at - h.history.points().front().at,
            rate_history::interval * (rate_history::most - 1));
}

TEST(rate_history, is_told_in_columns) {
  hour h;
  h.pass(0, 0);
  h.pass(12, 10);
  const auto told = boost::json::parse(history_json(h.history));
  EXPECT_EQ(told.at("interval_seconds"), 5);
  const auto& row = told.at("points").at(0).as_array();
  EXPECT_EQ(row.size(), told.at("columns").as_array().size());
  EXPECT_EQ(row[0].to_number<std::int64_t>(), 1'767'225'610'000);
  EXPECT_DOUBLE_EQ(row[1].to_number<double>(), 2.4);
  EXPECT_TRUE(row[5].is_null());
}

} // namespace
} // namespace causeway::watch
