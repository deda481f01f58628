// SPDX-License-Identifier: Apache-2.0
#include "emulator/service/twin_query.h"

#include "emulator/state/json_text.h"

#include <gtest/gtest.h>

namespace causeway::emulator {
namespace {

bool takes(const std::string& query, const std::string& twin) {
  const auto parsed = twin_query::parse(query);
  EXPECT_TRUE(parsed) << query;
  return parsed && parsed->takes(read_json(twin)->as_object());
}

TEST(twin_query, takes_what_its_conditions_say) {
  const std::string twin =
      R"({"deviceId":"dev-1","tags":{"site":"it is a site"},"properties":{"desired":{"rate":60.0,"on":true}}})";
  EXPECT_TRUE(takes("SELECT * FROM devices", twin));
  EXPECT_TRUE(takes("select * from Devices where deviceId = 'dev-1'", twin));
  EXPECT_FALSE(takes("SELECT * FROM devices WHERE deviceId='dev-2'", twin));
  EXPECT_TRUE(
      takes("SELECT * FROM devices WHERE tags.site='it is a site' AND properties.desired.rate = 60", twin));
  EXPECT_FALSE(
      takes("SELECT * FROM devices WHERE tags.site='it is a site' AND properties.desired.rate = 61", twin));
  EXPECT_TRUE(takes("SELECT * FROM devices WHERE properties.desired.on = true", twin));
  EXPECT_FALSE(takes("SELECT * FROM devices WHERE tags.other = 'x'", twin));
  EXPECT_FALSE(takes("SELECT * FROM devices WHERE deviceId.x = 'dev-1'", twin));
}

TEST(twin_query, other_queries_are_none) {
  for (const auto* query :
       {"", "SELECT deviceId FROM devices", "SELECT * FROM devices.jobs", "SELECT * FROM devices WHERE",
        "SELECT * FROM devices WHERE deviceId", "SELECT * FROM devices WHERE deviceId = ",
        "SELECT * FROM devices WHERE deviceId = 'x", "SELECT * FROM devices WHERE deviceId = x",
        "SELECT * FROM devices WHERE a = 1 OR b = 2", "SELECT * FROM devices AND a = 1"})
    EXPECT_FALSE(twin_query::parse(query)) << query;
}

} // namespace
} // namespace causeway::emulator
