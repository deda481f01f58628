// SPDX-License-Identifier: Apache-2.0
#include "watch/plan.h"

#include <gtest/gtest.h>

namespace causeway::watch {
namespace {

plan_input cold(std::uint64_t devices, double registrations_per_minute, double connects) {
  plan_input in;
  in.applications = {{"water", devices, 0, 0, devices, 0, "registry", ""}};
  in.dps = {{"field", devices, registrations_per_minute}};
  in.hubs = {{"a hub of field", "field", devices, connects, "S1", {{"S3", 6'000}}}};
  return in;
}

plan_input warm(std::uint64_t devices, double connects, std::vector<std::pair<std::string, double>> tiers) {
  plan_input in;
  in.applications = {{"water", devices, 0, devices, 0, 0, "cache", ""}};
  in.dps = {{"field", 0, 1'000}};
  in.hubs = {{"c.azure-devices.net", "field", devices, connects, "S1", std::move(tiers)}};
  return in;
}

TEST(plan, predicts_by_the_slowest_quota) {
  struct row {
    plan_input in;
    double seconds;
    const char* limited_by;
  };
  const row rows[] = {
      // Six devices: within what may go at once, so the pause that DPS asks for is all.
      {cold(6, 1'000, 100), 3.5, ""},
      // 3,000 registrations, 100 at once and the rest at 1,000 a minute.
      {cold(3'000, 1'000, 1'000), 2'900 * 0.06 + 3.5, "dps field"},
      // Central: 200 a minute.
      {cold(200, 200, 1'000), 180 * 0.3 + 3.5, "dps field"},
      // A hub that is slower than its DPS.
      {cold(10'000, 100'000, 100), 9'990 / 100.0 + 0.5, "hub a hub of field"},
      {warm(6, 100, {}), 0.5, ""},
      {warm(3'000, 100, {}), 2'990 / 100.0 + 0.5, "hub c.azure-devices.net"},
      {warm(0, 100, {}), 0, ""},
  };
  for (const auto& row : rows) {
    const auto made = make_plan(row.in);
    EXPECT_NEAR(made.seconds, row.seconds, 1e-9) << row.in.applications[0].devices;
    EXPECT_EQ(made.limited_by, row.limited_by) << row.in.applications[0].devices;
  }
}

TEST(plan, says_how_long_twins_are_read_and_waits_for_none) {
  auto in = warm(1'010, 100'000, {});
  in.hubs[0].twins = 1'010;
  in.hubs[0].twin_reads_per_second = 100;
  const auto made = make_plan(in);
  EXPECT_NEAR(made.seconds, 0.5, 1e-9);
  EXPECT_NE(
      format_plan(made).find("1010 twins read at 100 a second, in about 10 s, for which no uplink waits"),
      std::string::npos)
      << format_plan(made);
  EXPECT_NE(format_plan_json(made).find(R"("twins":1010,"twin_reads_a_second":100,"seconds_of_twins":10)"),
            std::string::npos)
      << format_plan_json(made);
}

TEST(plan, counts_with_the_first_poll_and_says_what_follows_where_that_is_too_soon) {
  auto in = cold(6, 1'000, 100);
  in.dps[0].first_poll_seconds = 0.5;
  const auto made = make_plan(in);
  EXPECT_NEAR(made.seconds, 1.0, 1e-9);
  EXPECT_NEAR(made.seconds_if_slow, 4.0, 1e-9);
  EXPECT_NE(format_plan(made).find(
                "All online after about 1 s; about 4 s where DPS has no hub for them yet at first_poll.\n"),
            std::string::npos)
      << format_plan(made);
  EXPECT_EQ(make_plan(cold(6, 1'000, 100)).seconds_if_slow, 0);
}

TEST(plan, says_what_another_tier_would_take_when_the_tier_decides) {
  const auto made = make_plan(warm(30'000, 100, {{"S2", 120}, {"S3", 6'000}}));
  ASSERT_EQ(made.by_tier.size(), 2U);
  EXPECT_EQ(made.by_tier[1].first, "S3");
  EXPECT_NEAR(made.by_tier[1].second, 29'400 / 6'000.0 + 0.5, 1e-9);
  EXPECT_TRUE(make_plan(cold(3'000, 1'000, 1'000)).by_tier.empty());
}

TEST(plan, of_another_tier_is_never_below_what_else_takes_time) {
  auto in = cold(10'000, 6'000, 10);
  const auto made = make_plan(in);
  EXPECT_EQ(made.limited_by, "hub a hub of field");
  ASSERT_EQ(made.by_tier.size(), 1U);
  EXPECT_NEAR(made.by_tier[0].second, 9'400 / 100.0 + 3.5, 1e-9); // DPS decides then
}

TEST(plan, adds_up_the_applications) {
  plan_input in;
  in.applications = {{"a", 10, 2, 5, 3, 0, "registry", ""}, {"b", 4, 0, 0, 0, 4, "cache", "no api_key"}};
  const auto made = make_plan(in);
  EXPECT_EQ(made.devices, 14U);
  EXPECT_EQ(made.idle, 2U);
  EXPECT_EQ(made.connecting, 12U);
  const auto text = format_plan(made);
  EXPECT_NE(text.find("14 devices known, 2 of them will not be connected (switched off, not in the registry, "
                      "or nothing to send yet); 12 will be connected: 5 from the cache, 3 "
                      "through DPS, 4 by connection string\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("application b: 4 devices (cache), 0 from the cache, 0 through DPS, 4 by connection "
                      "string (no api_key)\n"),
            std::string::npos)
      << text;
}

TEST(plan, survives_absurd_quotas) {
  auto in = warm(1'000'000, 0, {{"S3", -5}});
  const auto made = make_plan(in);
  EXPECT_GT(made.seconds, 0);
  EXPECT_LT(made.seconds, 1e9);
}

TEST(plan, writes_durations_for_people) {
  EXPECT_EQ(format_seconds(0.25), "250 ms");
  EXPECT_EQ(format_seconds(3.46), "3.5 s");
  EXPECT_EQ(format_seconds(9.99), "10 s");
  EXPECT_EQ(format_seconds(200), "3 min 20 s");
  EXPECT_EQ(format_seconds(7'500), "2 h 5 min");
}

} // namespace
} // namespace causeway::watch
