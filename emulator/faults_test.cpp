// SPDX-License-Identifier: Apache-2.0
#include "emulator/faults.h"

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

} // namespace
} // namespace causeway::emulator
