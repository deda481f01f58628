// SPDX-License-Identifier: Apache-2.0
#include "azure/limits.h"

#include <gtest/gtest.h>

namespace causeway::azure {
namespace {

TEST(limits, connects_and_sends_follow_tier_and_units) {
  const std::tuple<tier, std::uint32_t, double> cases[] = {
      {tier::f1, 1, 100},   {tier::s1, 1, 100},    {tier::s1, 8, 100},
      {tier::s1, 9, 108},   {tier::b1, 200, 2400}, {tier::s2, 1, 120},
      {tier::b2, 10, 1200}, {tier::s3, 1, 6000},   {tier::s3, 10, 60000}};
  for (const auto& [which, units, rate] : cases) {
    const auto limits = hub_limits_of(which, units).value();
    EXPECT_EQ(limits.connects, rate) << to_string(which) << " x " << units;
    EXPECT_EQ(limits.sends, rate);
  }
}

TEST(limits, twins_and_quota_follow_the_table) {
  EXPECT_EQ(hub_limits_of(tier::s1, 20)->twin_updates, 50);
  EXPECT_EQ(hub_limits_of(tier::s2, 20)->twin_updates, 100);
  EXPECT_EQ(hub_limits_of(tier::s2, 20)->twin_reads, 200);
  EXPECT_EQ(hub_limits_of(tier::s3, 2)->twin_reads, 1000);
  EXPECT_EQ(hub_limits_of(tier::f1, 1)->messages_per_day, 8'000u);
  EXPECT_EQ(hub_limits_of(tier::f1, 1)->meter_bytes, 512u);
  EXPECT_EQ(hub_limits_of(tier::s1, 2)->messages_per_day, 800'000u);
  EXPECT_EQ(hub_limits_of(tier::s3, 10)->messages_per_day, 3'000'000'000u);
}

TEST(limits, basic_tiers_have_no_commands) {
  const auto basic = hub_limits_of(tier::b1, 1).value();
  EXPECT_EQ(basic.c2d_sends, 0);
  EXPECT_EQ(basic.method_bytes, 0);
  EXPECT_EQ(basic.twin_reads, 0);
  EXPECT_GT(hub_limits_of(tier::f1, 1)->c2d_sends, 0);
}

TEST(limits, a_tier_does_not_come_in_any_number_of_units) {
  for (const auto& [which, units] : {std::pair{tier::f1, 2u}, std::pair{tier::s1, 0u},
                                     std::pair{tier::s1, 201u}, std::pair{tier::s3, 11u}}) {
    const auto limits = hub_limits_of(which, units);
    ASSERT_FALSE(limits);
    EXPECT_EQ(limits.fault().code(), errc::config_invalid_value);
  }
}

TEST(limits, tiers_have_names) {
  for (const auto which : {tier::f1, tier::b1, tier::b2, tier::b3, tier::s1, tier::s2, tier::s3})
    EXPECT_EQ(parse_tier(to_string(which)).value(), which);
  EXPECT_EQ(parse_tier("s2").value(), tier::s2);
  EXPECT_NE(parse_tier("S4").fault().detail().find("\"S4\""), std::string::npos);
}

TEST(limits, of_dps_and_central) {
  EXPECT_DOUBLE_EQ(dps_limits_of_service().registrations * 60, 1000);
  EXPECT_DOUBLE_EQ(dps_limits_of_central().registrations * 60, 200);
  EXPECT_EQ(central_limits().sends, 200);
}

} // namespace
} // namespace causeway::azure
