// SPDX-License-Identifier: Apache-2.0
#include "formats/location.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

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
  EXPECT_EQ(add_location(R"({"p":{"latitude":1,"longitude":2,"altitude":3,"alt":"high"}})"),
            R"({"p":{"latitude":1,"longitude":2,"altitude":3,"alt":"high","lat":1,"lon":2}})");
  EXPECT_EQ(add_location(R"({"location":{"latitude":1,"longitude":2}})"),
            R"({"location":{"latitude":1,"longitude":2,"lat":1,"lon":2}})");
}

TEST(location, what_is_no_position_stays_as_it_is) {
  for (const char* text : {R"({})", R"({"latitude":1})", R"({"latitude":"1","longitude":"2"})",
                           R"({"latitude":null,"longitude":2})", R"({"LATITUDE":1,"LONGITUDE":2})",
                           R"({"track":[{"latitude":1,"longitude":2}]})", R"({"latitude":1,)",
                           R"({"a":{"latitude"},"longitude":2})", "[]", ""})
    EXPECT_EQ(add_location(text), text);
}

TEST(location, the_stacks_own_spellings_are_positions) {
  constexpr std::array<std::array<const char*, 3>, 9> names{{{"lat", "lon", "alt"},
                                                             {"lat", "lng", "alt"},
                                                             {"lat", "long", "alt"},
                                                             {"latitude", "longitude", "altitude"},
                                                             {"Latitude", "Longitude", "Altitude"},
                                                             {"latitudeDeg", "longitudeDeg", "altitude"},
                                                             {"latitudeDeg", "longitudeDeg", "height"},
                                                             {"gps_lat", "gps_lng", "gps_alt"},
                                                             {"gps_lat", "gps_lng", "gpsalt"}}};
  for (const auto& [lat, lon, alt] : names) {
    const auto members = std::string{"\""} + lat + "\":1.50,\"" + lon + "\":2,\"" + alt + "\":3";
    EXPECT_EQ(add_location("{" + members + "}"),
              "{" + members + R"(,"location":{"lat":1.50,"lon":2,"alt":3}})");
  }
  EXPECT_EQ(add_location(R"({"p":{"lat":1,"lng":2}})"), R"({"p":{"lat":1,"lng":2,"lon":2}})");
  EXPECT_EQ(add_location(R"({"p":{"lat":1,"lon":2,"alt":3}})"), R"({"p":{"lat":1,"lon":2,"alt":3}})");
}

TEST(location, no_fix_and_no_place_on_earth_are_no_positions) {
  for (const char* text :
       {R"({"latitude":0,"longitude":0,"battery":100})", R"({"latitude":0.0,"longitude":-0})",
        R"({"latitude":0e5,"longitude":0.00})", R"({"latitude":91,"longitude":1})",
        R"({"latitude":-90.1,"longitude":1})", R"({"latitude":1,"longitude":180.5})",
        R"({"latitude":1,"longitude":-181})", R"({"latitude":1e400,"longitude":1})",
        R"({"gps_1":{"latitude":0,"longitude":0}})", R"({"lat":"52.1","lng":"4.3"})"})
    EXPECT_EQ(add_location(text), text);
  EXPECT_EQ(add_location(R"({"latitude":0,"longitude":180})"),
            R"({"latitude":0,"longitude":180,"location":{"lat":0,"lon":180}})");
  // Without a fix under one spelling, with one under another: as the stack, the next one is tried.
  EXPECT_EQ(add_location(R"({"lat":0,"lon":0,"latitude":1,"longitude":2})"),
            R"({"lat":0,"lon":0,"latitude":1,"longitude":2,"location":{"lat":1,"lon":2}})");
}

TEST(location, half_of_a_position_is_never_mixed_with_half_of_another) {
  for (const char* text : {R"({"p":{"lat":9,"latitude":1,"longitude":2}})",
                           R"({"p":{"lat":"N","lon":"E","latitude":1,"longitude":2}})",
                           R"({"p":{"lat":0,"lon":0,"latitude":1,"longitude":2}})"})
    EXPECT_EQ(add_location(text), text);
}
} // namespace
} // namespace causeway::formats
