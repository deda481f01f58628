// SPDX-License-Identifier: Apache-2.0
#include "formats/devmobile.h"

#include "model/frame_of.h"
#include "tts/messages.h"

#include <gtest/gtest.h>

namespace causeway::formats {
using model::testing::frame_of;
namespace {

using model::event_kind;
using properties = std::vector<std::pair<std::string, std::string>>;

// acceptance-scenarios.md, scenario 1.
constexpr const char* scenario_1 =
    R"({"end_device_ids":{"device_id":"dev1","application_ids":{"application_id":"app1"},"dev_eui":"0004A30B001C0530"},
 "received_at":"2021-11-07T01:02:04.9Z",
 "uplink_message":{"f_port":10,"f_cnt":7,"frm_payload":"AYj5W5MaV6MAAms=","received_at":"2021-11-07T01:02:03.456789Z",
  "decoded_payload":{"gps_1":{"altitude":6.19,"latitude":-43.5309,"longitude":172.6371},"temperature_1":27.2}}})";

model::message made_of(const model::event& event) {
  auto made = format_devmobile(event, {wall_time{seconds{1767225600}}, {}});
  EXPECT_TRUE(made) << made.fault().message();
  return made ? made->front() : model::message{};
}

model::event small_uplink(std::string decoded) {
  model::event event;
  event.kind = event_kind::uplink;
  event.from = {application_id{"app1"}, device_id{"dev1"}};
  frame_of(event).f_port = 1;
  frame_of(event).f_cnt = 0;
  frame_of(event).gateways = 0;
  frame_of(event).confirmed = event.simulated = false;
  event.received_at = "2025-01-01T00:00:00.999999999Z";
  frame_of(event).decoded_payload = std::move(decoded);
  return event;
}

const std::string small_head =
    R"({"ApplicationID":"app1","DeviceID":"dev1","Port":1,"Simulated":false,"ReceivedAtUtc":"2025-01-01T00:00:00")";

TEST(devmobile, gives_scenario_1_its_body_and_properties) {
  const auto event = tts::parse_application_up(scenario_1, {});
  ASSERT_TRUE(event);
  const auto m = made_of(*event);
  EXPECT_EQ(
      m.body,
      R"({"ApplicationID":"app1","DeviceEUI":"0004A30B001C0530","DeviceID":"dev1","Port":10,"Simulated":false,"ReceivedAtUtc":"2021-11-07T01:02:03","PayloadRaw":"AYj5W5MaV6MAAms=","gps_1":{"alt":6.19,"altitude":6.19,"lat":-43.5309,"latitude":-43.5309,"lon":172.6371,"longitude":172.6371},"temperature_1":27.2})");
  EXPECT_EQ(m.properties, (properties{{"iothub-creation-time-utc", "2021-11-07T01:02:03"},
                                      {"ApplicationId", "app1"},
                                      {"DeviceEUI", "0004A30B001C0530"},
                                      {"DeviceId", "dev1"},
                                      {"port", "10"},
                                      {"Simulated", "False"}}));
  EXPECT_EQ(m.content_type, "");
  EXPECT_EQ(m.content_encoding, "");
}

TEST(devmobile, has_no_port_where_a_mask_has_left_it_out) {
  auto event = small_uplink(R"({"t":1})");
  frame_of(event).f_port = 0;
  event.simulated.reset();
  const auto m = made_of(event);
  EXPECT_EQ(
      m.body,
      R"({"ApplicationID":"app1","DeviceID":"dev1","Simulated":false,"ReceivedAtUtc":"2025-01-01T00:00:00","t":1})");
  EXPECT_EQ(m.properties, (properties{{"iothub-creation-time-utc", "2025-01-01T00:00:00"},
                                      {"ApplicationId", "app1"},
                                      {"DeviceId", "dev1"},
                                      {"Simulated", "False"}}));
}

TEST(devmobile, says_simulated_as_dotnet_does) {
  auto event = small_uplink("");
  event.simulated = true;
  const auto m = made_of(event);
  EXPECT_EQ(m.properties.back(), (std::pair<std::string, std::string>{"Simulated", "True"}));
  EXPECT_NE(m.body.find("\"Simulated\":true"), std::string::npos);
}

TEST(devmobile, leaves_out_what_the_event_does_not_have) {
  const auto m = made_of(small_uplink(""));
  EXPECT_EQ(m.body, small_head + "}");
  EXPECT_EQ(m.properties.size(), 5U);
}

TEST(devmobile, the_base_key_wins_and_the_decoded_one_gets_an_underscore) {
  const std::pair<std::string, std::string> cases[] = {
      {R"({"Port":5})", R"(,"Port_":5})"},
      {R"({"Port":5,"Port_":6})", R"(,"Port__":5,"Port_":6})"},
      {R"({"DeviceEUI":"x"})", R"(,"DeviceEUI_":"x"})"},
      {R"({"P\u006frt":5})", R"(,"P\u006frt_":5})"},
      {R"({"port":5,"a":{"Port":1}})", R"(,"port":5,"a":{"Port":1}})"},
  };
  for (const auto& [decoded, tail] : cases)
    EXPECT_EQ(made_of(small_uplink(decoded)).body, small_head + tail);
}

TEST(devmobile, keeps_arrays_and_the_text_of_numbers) {
  const std::string fields =
      R"("a":[1,2.50,{"latitude":1}],"gps_2":[{"latitude":1}],"n":27.200000762939453,"big":9007199254740993,"none":null})";
  EXPECT_EQ(made_of(small_uplink("{" + fields)).body, small_head + "," + fields);
}

TEST(devmobile, short_names_stand_in_objects_below_gps_only) {
  const std::pair<std::string, std::string> cases[] = {
      {R"({"GPS_x":{"Latitude":1,"in":{"longitude":2}}})",
       R"(,"GPS_x":{"lat":1,"Latitude":1,"in":{"lon":2,"longitude":2}}})"},
      {R"({"gps_1":{"latitude":1,"lat":7}})", R"(,"gps_1":{"latitude":1,"lat":7}})"},
      {R"({"gps_1":{"latitude":[1]}})", R"(,"gps_1":{"latitude":[1]}})"},
      {R"({"gps_1":{}})", R"(,"gps_1":{}})"},
      {R"({"gps":{"latitude":1}})", R"(,"gps":{"latitude":1}})"},
      {R"({"a":{"gps_1":{"latitude":1}}})", R"(,"a":{"gps_1":{"latitude":1}}})"},
      {R"({"latitude":1})", R"(,"latitude":1})"},
  };
  for (const auto& [decoded, tail] : cases)
    EXPECT_EQ(made_of(small_uplink(decoded)).body, small_head + tail);
}

TEST(devmobile, times_are_utc_without_a_z) {
  auto event = small_uplink("");
  event.received_at = "2025-01-01T01:30:00.25+01:30";
  EXPECT_EQ(made_of(event).properties.front().second, "2025-01-01T00:00:00");
  event.received_at.clear();
  EXPECT_EQ(made_of(event).properties.front().second, "2026-01-01T00:00:00");
}

TEST(devmobile, kinds_that_the_connectors_did_not_have_say_what_they_are) {
  auto event = small_uplink(R"({"latitude":1})");
  event.kind = event_kind::location_solved;
  event.what = model::location{R"({"latitude":1})"};
  const auto m = made_of(event);
  EXPECT_EQ(
      m.body,
      R"({"ApplicationID":"app1","DeviceID":"dev1","Simulated":false,"ReceivedAtUtc":"2025-01-01T00:00:00","latitude":1})");
  EXPECT_EQ(m.properties, (properties{{"iothub-creation-time-utc", "2025-01-01T00:00:00"},
                                      {"ApplicationId", "app1"},
                                      {"DeviceId", "dev1"},
                                      {"Simulated", "False"},
                                      {"event", "location"}}));
}

TEST(devmobile, refuses_what_it_cannot_express) {
  auto event = small_uplink("[1]");
  EXPECT_EQ(format_devmobile(event, {}).fault().code(), errc::format_refused);
  frame_of(event).decoded_payload = R"({"gps_1":{"a":1,},"b":2})";
  EXPECT_EQ(format_devmobile(event, {}).fault().code(), errc::format_refused);
  frame_of(event).decoded_payload = "{\"a\":\"" + std::string(model::max_message_bytes, 'x') + "\"}";
  EXPECT_EQ(format_devmobile(event, {}).fault().code(), errc::message_too_large);
  event.kind = event_kind::unknown;
  EXPECT_EQ(format_devmobile(event, {}).fault().code(), errc::format_refused);
}

} // namespace
} // namespace causeway::formats
