// SPDX-License-Identifier: Apache-2.0
#include "dps/registration_table.h"

#include <gtest/gtest.h>

namespace causeway::dps {
namespace {

const registration_id same{"same"}, other{"other"};

TEST(registration_table, devices_of_one_id_share_a_registration) {
  registration_table table;
  auto& first = table.join(device_ref{1}, same);
  EXPECT_EQ(first.id, same);
  EXPECT_EQ(first.devices, std::vector{device_ref{1}});
  EXPECT_EQ(&table.join(device_ref{2}, same), &first);
  EXPECT_NE(&table.join(device_ref{3}, other), &first);
  EXPECT_EQ(first.devices, (std::vector{device_ref{1}, device_ref{2}}));
  EXPECT_EQ(table.find(device_ref{2}), &first);
  EXPECT_EQ(table.find(first.number), &first);
  EXPECT_EQ(table.size(), 2U);
  EXPECT_EQ(table.devices(), 3U);
}

TEST(registration_table, who_leaves_has_none_and_the_others_keep_theirs) {
  registration_table table;
  auto& shared = table.join(device_ref{1}, same);
  table.join(device_ref{2}, same);
  EXPECT_EQ(table.leave(device_ref{1}), &shared);
  EXPECT_EQ(shared.devices, std::vector{device_ref{2}});
  EXPECT_EQ(table.find(device_ref{1}), nullptr);
  EXPECT_EQ(table.leave(device_ref{1}), nullptr);
  EXPECT_EQ(table.find(device_ref{2}), &shared);
}

TEST(registration_table, what_has_ended_is_found_by_nobody_and_its_number_by_nothing) {
  registration_table table;
  auto& ended = table.join(device_ref{1}, same);
  table.join(device_ref{2}, same);
  const auto number = ended.number;
  table.forget(ended);
  EXPECT_EQ(table.find(number), nullptr);
  EXPECT_EQ(table.find(device_ref{1}), nullptr);
  EXPECT_EQ(table.find(device_ref{2}), nullptr);
  EXPECT_EQ(table.size(), 0U);
  EXPECT_EQ(table.devices(), 0U);
  EXPECT_GT(table.join(device_ref{1}, same).number, number);
}

} // namespace
} // namespace causeway::dps
