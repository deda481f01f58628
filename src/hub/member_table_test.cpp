// SPDX-License-Identifier: Apache-2.0
#include "hub/member_table.h"

#include <gtest/gtest.h>

namespace causeway::hub {
namespace {

const hub_host plant{"plant.azure-devices.net"}, mill{"mill.azure-devices.net"};
const device_ref one{1}, two{2};

// The table compares them only.
fleet& some_fleet() {
  static int place = 0;
  return reinterpret_cast<fleet&>(place);
}

TEST(member_table, a_device_is_there_from_add_to_remove) {
  member_table table;
  EXPECT_EQ(table.find(one), nullptr);
  auto* const who = table.add(one, some_fleet(), plant, identity{"meter"}, "dtmi:x:a;1");
  ASSERT_NE(who, nullptr);
  EXPECT_EQ(table.find(one), who);
  EXPECT_EQ(who->identity.str(), "meter");
  EXPECT_EQ(table.model_of(*who), "dtmi:x:a;1");
  EXPECT_EQ(table.find(device_ref{0}), nullptr);
  table.remove(one, plant);
  EXPECT_EQ(table.find(one), nullptr);
}

TEST(member_table, an_identity_is_taken_in_its_hub_only_and_by_others_only) {
  member_table table;
  table.add(one, some_fleet(), plant, identity{"meter"}, "");
  EXPECT_EQ(table.add(two, some_fleet(), plant, identity{"meter"}, "dtmi:x:a;1"), nullptr);
  EXPECT_EQ(table.find(two), nullptr);
  EXPECT_EQ(table.models(), 0U) << "what is refused holds nothing";
  EXPECT_NE(table.add(two, some_fleet(), mill, identity{"meter"}, ""), nullptr);
  EXPECT_NE(table.add(device_ref{3}, some_fleet(), plant, identity{"Meter"}, ""), nullptr);
  table.remove(one, plant);
  EXPECT_NE(table.add(device_ref{4}, some_fleet(), plant, identity{"meter"}, ""), nullptr);
}

TEST(member_table, keeps_a_model_as_long_as_a_device_has_it) {
  member_table table;
  table.add(one, some_fleet(), plant, identity{"a"}, "dtmi:x:a;1");
  table.add(two, some_fleet(), plant, identity{"b"}, "dtmi:x:a;1");
  EXPECT_EQ(table.models(), 1U);
  table.remove(one, plant);
  EXPECT_EQ(table.models(), 1U);
  table.remove(two, plant);
  EXPECT_EQ(table.models(), 0U);
}

TEST(member_table, a_former_holder_of_a_place_is_not_there) {
  member_table table;
  const auto former = make_ref(1, 0), next = make_ref(1, 1);
  table.add(former, some_fleet(), plant, identity{"meter"}, "");
  EXPECT_EQ(table.find(next), nullptr);
  table.remove(former, plant);
  auto* const who = table.add(next, some_fleet(), plant, identity{"meter"}, "");
  ASSERT_NE(who, nullptr);
  EXPECT_EQ(table.find(former), nullptr);
  EXPECT_EQ(table.find(next), who);
  EXPECT_EQ(&table.at(next), who);
}

TEST(member_table, a_device_costs_72_bytes) {
  EXPECT_LE(sizeof(member), 72U);
}

} // namespace
} // namespace causeway::hub
