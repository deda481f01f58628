// SPDX-License-Identifier: Apache-2.0
#include "causeway_bench/floor_settings.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace causeway::bench {
namespace {

TEST(floor_settings, come_back_from_their_file_as_they_were) {
  floor_settings settings;
  settings.webhook_port = 15081;
  settings.hub = "localhost:15671";
  settings.applications.push_back({"meters", "Basic eDp5", true, {"meter-00001", "meter-00002"}});
  const auto file = testing::TempDir() + "/floor.json";
  ASSERT_TRUE(write_floor_settings(settings, file));
  const auto read = read_floor_settings(file);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->webhook_port, 15081);
  EXPECT_EQ(read->hub, "localhost:15671");
  ASSERT_EQ(read->applications.size(), 1U);
  EXPECT_TRUE(read->applications[0].by_policy);
  EXPECT_EQ(read->applications[0].devices, (std::vector<std::string>{"meter-00001", "meter-00002"}));
  std::filesystem::remove(file);
  EXPECT_FALSE(read_floor_settings(file));
}

} // namespace
} // namespace causeway::bench
