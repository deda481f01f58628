// SPDX-License-Identifier: Apache-2.0
#include "formats/location.h"

#include <gtest/gtest.h>

namespace causeway::formats {
namespace {

TEST(location, an_object_with_a_position_gets_it_in_iot_centrals_form) {
  EXPECT_EQ(
      add_location(
          R"({"gps_1":{"altitude":6.19,"latitude":-43.5309,"longitude":172.6371},"temperature_1":27.2})"),
      R"({"gps_1":{"altitude":6.19,"latitude":-43.5309,"longitude":172.6371,"lat":-43.5309,"lon":172.6371,"alt":6.19},"temperature_1":27.2})");
  EXPECT_EQ(add_location(R"({"a":{"b":{"latitude":1,"longitude":2}}})"),
            R"({"a":{"b":{"latitude":1,"longitude":2,"lat":1,"lon":2}}})");
}

TEST(location, at_the_top_it_stands_under_location) {
  EXPECT_EQ(
      add_location(R"({"latitude":1.50,"longitude":2E1,"altitude":3,"x":[]})"),
      R"({"latitude":1.50,"longitude":2E1,"altitude":3,"x":[],"location":{"lat":1.50,"lon":2E1,"alt":3}})");
}

TEST(location, what_is_there_already_stays) {
  EXPECT_EQ(add_location(R"({"latitude":1,"longitude":2,"location":"roof"})"),
            R"({"latitude":1,"longitude":2,"location":"roof"})");
  EXPECT_EQ(add_location(R"({"p":{"lat":9,"latitude":1,"longitude":2}})"),
            R"({"p":{"lat":9,"latitude":1,"longitude":2,"lon":2}})");
  EXPECT_EQ(add_location(R"({"location":{"latitude":1,"longitude":2}})"),
            R"({"location":{"latitude":1,"longitude":2,"lat":1,"lon":2}})");
}

TEST(location, what_is_no_position_stays_as_it_is) {
  for (const char* text : {R"({})", R"({"latitude":1})", R"({"latitude":"1","longitude":"2"})",
                           R"({"latitude":null,"longitude":2})", R"({"Latitude":1,"Longitude":2})",
                           R"({"track":[{"latitude":1,"longitude":2}]})", R"({"latitude":1,)",
                           R"({"a":{"latitude"},"longitude":2})", "[]", ""})
    EXPECT_EQ(add_location(text), text);
}

} // namespace
} // namespace causeway::formats
