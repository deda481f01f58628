// SPDX-License-Identifier: Apache-2.0
#include "core/device_table.h"

#include <gtest/gtest.h>

namespace causeway::core {
namespace {

device_key key_of(const std::string& name) {
  return {application_id{"app"}, device_id{name}};
}

TEST(device_table, a_device_is_small) {
  // The figure of ARCHITECTURE.md; text beyond the small-string size comes on top.
  EXPECT_LE(sizeof(device), 700u);
}

TEST(device_table, finds_by_key_and_never_gives_a_ref_twice) {
  device_table table;
  table.restore(device_ref{4}, key_of("dev-4"), 0);
  EXPECT_EQ(table.find(key_of("dev-4")), device_ref{4});
  EXPECT_EQ(table.find(key_of("dev-5")), std::nullopt);
  EXPECT_EQ(table.add(key_of("dev-5"), 0), device_ref{5});
  EXPECT_FALSE(table.contains(device_ref{3}));
  EXPECT_EQ(table.size(), 2u);
  std::vector<std::uint32_t> seen;
  table.for_each([&](device_ref ref, device&) { seen.push_back(index_of(ref)); });
  EXPECT_EQ(seen, (std::vector<std::uint32_t>{4, 5}));
}

TEST(device_table, keeps_each_hub_once) {
  device_table table;
  const device_table::hub a{hub_host{"a"}, azure_name{"s"}, ""}, b{hub_host{"b"}, azure_name{"s"}, ""};
  EXPECT_EQ(table.intern(a), table.intern(a));
  EXPECT_NE(table.intern(a), table.intern(b));
}

TEST(recent_keys, remembers_the_last_thirty_two) {
  recent_keys keys;
  EXPECT_FALSE(keys.contains(0));
  for (std::uint64_t hash = 1; hash <= 40; ++hash)
    keys.add(hash);
  EXPECT_FALSE(keys.contains(8));
  EXPECT_TRUE(keys.contains(9));
  EXPECT_TRUE(keys.contains(40));
}

} // namespace
} // namespace causeway::core
