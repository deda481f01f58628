// SPDX-License-Identifier: Apache-2.0
#include "emulator/stack/registered_devices.h"

#include <gtest/gtest.h>

namespace causeway::emulator {
namespace {

std::vector<std::string> ids_of(const registered_devices& devices, device_order order) {
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < devices.size(); ++i)
    ids.push_back(devices.at(order, i).id);
  return ids;
}

using names = std::vector<std::string>;

TEST(registered_devices, can_be_listed_by_name_and_by_creation) {
  registered_devices devices;
  devices.load({"c", "a", "b", "a"}, {});
  EXPECT_EQ(ids_of(devices, device_order::id), (names{"a", "b", "c"}));
  EXPECT_EQ(ids_of(devices, device_order::id_descending), (names{"c", "b", "a"}));
  EXPECT_EQ(ids_of(devices, device_order::created), (names{"c", "a", "b"}));
  EXPECT_EQ(ids_of(devices, device_order::created_descending), (names{"b", "a", "c"}));
}

TEST(registered_devices, keep_their_orders_when_devices_come_and_go) {
  registered_devices devices;
  devices.load({"d", "b"}, {});
  devices.insert("c", wall_time{std::chrono::hours{1}});
  devices.insert("a", wall_time{std::chrono::hours{1}});
  EXPECT_TRUE(devices.remove("b"));
  EXPECT_FALSE(devices.remove("b"));
  EXPECT_FALSE(devices.remove("bb"));
  EXPECT_EQ(ids_of(devices, device_order::id), (names{"a", "c", "d"}));
  EXPECT_EQ(ids_of(devices, device_order::created), (names{"d", "c", "a"}));
  EXPECT_EQ(devices.find("b"), nullptr);
  EXPECT_EQ(devices.find("c")->created, wall_time{std::chrono::hours{1}});
}

} // namespace
} // namespace causeway::emulator
