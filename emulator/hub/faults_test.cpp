// SPDX-License-Identifier: Apache-2.0
#include "emulator/hub/faults.h"

#include "emulator/hub/emulated_clock.h"

#include <gtest/gtest.h>

namespace causeway::emulator {
namespace {

TEST(matches, takes_a_name_a_beginning_or_everything) {
  EXPECT_TRUE(matches("*", "x"));
  EXPECT_TRUE(matches("sensor-*", "sensor-1"));
  EXPECT_FALSE(matches("sensor-*", "meter-1"));
  EXPECT_TRUE(matches("meter-1", "meter-1"));
  EXPECT_FALSE(matches("meter-1", "meter-12"));
}

TEST(fault_table, uses_a_rule_as_often_as_it_says) {
  fault_table table;
  fault rule;
  rule.kind = fault_kind::dps_status;
  rule.pattern = "sensor-*";
  rule.status = 429;
  rule.remaining = 2;
  table.add(rule);
  EXPECT_FALSE(table.use(fault_kind::dps_status, "meter-1"));
  EXPECT_FALSE(table.use(fault_kind::put_token_status, "sensor-1"));
  EXPECT_EQ(table.use(fault_kind::dps_status, "sensor-1")->status, 429);
  EXPECT_TRUE(table.active(fault_kind::dps_status));
  EXPECT_EQ(table.use(fault_kind::dps_status, "sensor-1")->status, 429);
  EXPECT_FALSE(table.use(fault_kind::dps_status, "sensor-1"));
  EXPECT_TRUE(table.empty());
}

TEST(fault_table, keeps_a_rule_without_a_count_until_it_is_removed) {
  fault_table table;
  fault rule;
  rule.kind = fault_kind::hub_hang;
  const auto id = table.add(rule);
  EXPECT_TRUE(table.use(fault_kind::hub_hang, "x"));
  EXPECT_TRUE(table.use(fault_kind::hub_hang, "x"));
  EXPECT_TRUE(table.remove(id));
  EXPECT_FALSE(table.remove(id));
  EXPECT_FALSE(table.use(fault_kind::hub_hang, "x"));
}

TEST(fault_table, is_bounded) {
  fault_table table;
  for (int i = 0; i < 1000; ++i)
    ASSERT_NE(table.add({}), 0U);
  EXPECT_EQ(table.add({}), 0U);
}

TEST(fault_kind, has_a_name_for_each_and_finds_it_again) {
  for (const auto kind :
       {fault_kind::dps_status, fault_kind::dps_disabled, fault_kind::put_token_status,
        fault_kind::reject_messages, fault_kind::hub_refuse_connections, fault_kind::hub_hang})
    EXPECT_EQ(find_fault_kind(to_string(kind)), kind);
  EXPECT_EQ(find_fault_kind("earthquake"), std::nullopt);
}

fault rule_of(fault_kind kind, std::optional<std::size_t> hub = std::nullopt) {
  fault rule;
  rule.kind = kind;
  rule.hub = hub;
  return rule;
}

TEST(fault_tables, put_a_rule_where_it_concerns_somebody) {
  fault_tables tables{2};
  const auto dps = tables.add(rule_of(fault_kind::dps_disabled));
  tables.add(rule_of(fault_kind::hub_hang, 1));
  const auto skew = tables.add(rule_of(fault_kind::clock_skew));
  EXPECT_TRUE(tables.services().active(fault_kind::dps_disabled));
  EXPECT_FALSE(tables.hub(0).active(fault_kind::dps_disabled));
  EXPECT_FALSE(tables.hub(0).active(fault_kind::hub_hang));
  EXPECT_TRUE(tables.hub(1).active(fault_kind::hub_hang));
  EXPECT_TRUE(tables.services().active(fault_kind::clock_skew));
  EXPECT_TRUE(tables.hub(0).active(fault_kind::clock_skew));
  EXPECT_NE(dps, skew);
  EXPECT_EQ(tables.rules().size(), 3U);
  EXPECT_TRUE(tables.remove(skew));
  EXPECT_FALSE(tables.remove(skew));
  EXPECT_FALSE(tables.hub(1).active(fault_kind::clock_skew));
  tables.clear();
  EXPECT_TRUE(tables.rules().empty());
}

TEST(emulated_clock, is_off_while_a_fault_of_its_service_says_so) {
  fault_table faults;
  manual_clock real;
  const emulated_clock dps{faults, "dps"}, hub{faults, "hub"};
  EXPECT_EQ(dps.at(real.now()).wall, real.now().wall);
  auto rule = rule_of(fault_kind::clock_skew);
  rule.pattern = "dps";
  rule.skew = std::chrono::seconds{-90};
  faults.add(rule);
  EXPECT_EQ(dps.at(real.now()).wall, real.now().wall - std::chrono::seconds{90});
  EXPECT_EQ(dps.at(real.now()).mono, real.now().mono);
  EXPECT_EQ(hub.at(real.now()).wall, real.now().wall);
  EXPECT_EQ(format_http_date(real.now().wall), "Thu, 01 Jan 2026 00:00:00 GMT");
}

} // namespace
} // namespace causeway::emulator
