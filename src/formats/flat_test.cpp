// SPDX-License-Identifier: Apache-2.0
#include "formats/flat.h"

#include "base/encoding.h"
#include "base/sample_file.h"
#include "model/frame_of.h"
#include "tts/messages.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace causeway::formats {
using model::testing::frame_of;
namespace {

using model::event_kind;

const format_context context{wall_time{std::chrono::seconds{1767225600}},
                             {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255}};

model::message flat(const model::event& event) {
  auto made = format_flat(event, context);
  EXPECT_TRUE(made) << made.fault().message();
  EXPECT_EQ(made->size(), 1U);
  return made->front();
}

model::event small_uplink() {
  model::event event;
  event.kind = event_kind::uplink;
  event.from = {application_id{"app1"}, device_id{"dev1"}};
  frame_of(event).f_port = 1;
  frame_of(event).f_cnt = 0;
  frame_of(event).gateways = 0;
  frame_of(event).confirmed = event.simulated = false;
  event.received_at = "2025-01-01T00:00:00Z";
  return event;
}

const std::string small_tail =
    R"({"applicationId":"app1","deviceId":"dev1","fPort":1,"fCnt":0,"receivedAt":"2025-01-01T00:00:00Z","gateways":0,"confirmed":false,"simulated":false}})";

std::string property(const model::message& m, std::string_view name) {
  const auto found =
      std::find_if(m.properties.begin(), m.properties.end(), [&](const auto& p) { return p.first == name; });
  return found == m.properties.end() ? "(none)" : found->second;
}

TEST(flat, puts_the_properties_in_their_order) {
  const auto event = tts::parse_application_up(
      testing::read_sample("things-stack/up-03-mclimate-button-confirmed-battery-2025.json"), {});
  const auto made = flat(event.value());
  const std::vector<std::pair<std::string, std::string>> expected{
      {"applicationId", "starter-kit"},
      {"deviceId", "eui-70b3d52dd600035a"},
      {"devEui", "70B3D52DD600035A"},
      {"fPort", "2"},
      {"event", "uplink"},
      {"simulated", "false"},
      {"iothub-creation-time-utc", "2025-04-16T11:54:13.787593298Z"}};
  EXPECT_EQ(made.properties, expected);
  EXPECT_EQ(made.content_type, "application/json");
  EXPECT_EQ(made.content_encoding, "utf-8");
}

TEST(flat, leaves_out_the_eui_that_a_device_does_not_have) {
  const auto made = flat(small_uplink());
  EXPECT_EQ(made.body, "{\"lorawan\":" + small_tail);
  EXPECT_EQ(property(made, "devEui"), "(none)");
  EXPECT_EQ(made.properties.size(), 6U);
}

// It said "gateways":0, "fCnt":0 and "confirmed":false where a mask had left them out (fault B16).
TEST(flat, asserts_nothing_that_a_mask_has_left_out) {
  model::event event;
  event.kind = event_kind::uplink;
  event.from = {application_id{"app1"}, device_id{"dev1"}};
  event.received_at = "2025-01-01T00:00:00Z";
  frame_of(event).decoded_payload = R"({"t":1})";
  const auto made = flat(event);
  EXPECT_EQ(
      made.body,
      R"({"t":1,"lorawan":{"applicationId":"app1","deviceId":"dev1","receivedAt":"2025-01-01T00:00:00Z"}})");
  EXPECT_EQ(property(made, "fPort"), "(none)");
  EXPECT_EQ(property(made, "simulated"), "(none)");
}

// A mask may name nothing but normalized_payload: the data would have been answered 200 and not sent.
TEST(flat, a_normalised_payload_stands_in_for_a_decoded_one) {
  auto event = small_uplink();
  frame_of(event).normalized_payload = R"([{"air":{"temperature":1.50}}])";
  EXPECT_NE(flat(event).body.find(R"("normalizedPayload":[{"air":{"temperature":1.50}}],"gateways")"),
            std::string::npos);
}

TEST(flat, says_simulated_in_body_and_property) {
  auto event = small_uplink();
  event.simulated = true;
  const auto made = flat(event);
  EXPECT_EQ(property(made, "simulated"), "true");
  EXPECT_TRUE(made.body.ends_with("\"simulated\":true}}"));
}

TEST(flat, a_decoded_field_named_lorawan_wins) {
  const std::pair<std::string, std::string> cases[] = {
      {R"({"lorawan":1})", R"({"lorawan":1,"lorawan_":)"},
      {R"({"lorawan_":2,"lorawan":1})", R"({"lorawan_":2,"lorawan":1,"lorawan__":)"},
      {R"({"lorawan_":2})", R"({"lorawan_":2,"lorawan":)"},
      {R"({"lora\u0077an":1})", R"({"lora\u0077an":1,"lorawan_":)"},
      {R"({"a":{"lorawan":1}})", R"({"a":{"lorawan":1},"lorawan":)"},
      {R"({"a":"lorawan"})", R"({"a":"lorawan","lorawan":)"},
      {R"({"Lorawan":1})", R"({"Lorawan":1,"lorawan":)"},
  };
  for (const auto& [decoded, head] : cases) {
    auto event = small_uplink();
    frame_of(event).decoded_payload = decoded;
    EXPECT_EQ(flat(event).body, head + small_tail);
  }
}

TEST(flat, an_empty_decoded_object_adds_nothing) {
  auto event = small_uplink();
  frame_of(event).decoded_payload = "{}";
  EXPECT_EQ(flat(event).body, "{\"lorawan\":" + small_tail);
}

TEST(flat, writes_numbers_as_they_came) {
  auto event = small_uplink();
  frame_of(event).decoded_payload = R"({"a":27.200000762939453,"b":9007199254740993,"c":1.0,"d":2.50E-3})";
  frame_of(event).rssi = "-57.0";
  frame_of(event).snr = "9.20";
  const auto body = flat(event).body;
  EXPECT_TRUE(
      body.starts_with(R"({"a":27.200000762939453,"b":9007199254740993,"c":1.0,"d":2.50E-3,"lorawan":)"));
  EXPECT_NE(body.find(R"("rssi":-57.0,"snr":9.20,)"), std::string::npos);
}

TEST(flat, the_message_id_is_the_key_where_there_is_one) {
  auto event = small_uplink();
  EXPECT_EQ(flat(event).id, "u-000102030405060708090a0b0c0d0eff");
  event.key = model::event_key{0xaa, 0xbb};
  EXPECT_EQ(flat(event).id, "u-aabb0000000000000000000000000000");
  event.kind = event_kind::join_accept;
  EXPECT_EQ(flat(event).id, "j-aabb0000000000000000000000000000");
}

TEST(flat, an_event_without_a_time_has_the_time_of_acceptance) {
  auto event = small_uplink();
  event.received_at.clear();
  const auto made = flat(event);
  EXPECT_EQ(property(made, "iothub-creation-time-utc"), "2026-01-01T00:00:00.000Z");
  EXPECT_NE(made.body.find("\"receivedAt\":\"2026-01-01T00:00:00.000Z\""), std::string::npos);
}

TEST(flat, a_time_with_an_offset_becomes_utc) {
  auto event = small_uplink();
  for (const char* text :
       {"2025-01-01T01:30:00.250+01:30", "2025-01-01t00:00:00.25z", "2025-01-01t00:00:00.250Z"}) {
    event.received_at = text;
    EXPECT_EQ(property(flat(event), "iothub-creation-time-utc"), "2025-01-01T00:00:00.250Z") << text;
  }
}

TEST(flat, kinds_without_radio_carry_their_fields_and_who_it_was) {
  const auto event = tts::parse_application_up(
      testing::read_sample("things-stack/location-03-constructed-frm-payload.json"), {});
  const auto made = flat(event.value());
  EXPECT_EQ(
      made.body,
      R"({"latitude":52.457278,"longitude":6.44181,"accuracy":64,"source":"SOURCE_GPS","lorawan":{"applicationId":"app1","deviceId":"dev1","devEui":"0004A30B001C0530","receivedAt":"2022-05-05T12:46:31.900000000Z","simulated":false}})");
  EXPECT_EQ(property(made, "event"), "location");
  EXPECT_EQ(property(made, "fPort"), "(none)");
}

TEST(flat, positions_have_iot_centrals_form_for_iot_central_only) {
  auto event = small_uplink();
  frame_of(event).decoded_payload = R"({"latitude":1.50,"longitude":2})";
  EXPECT_EQ(flat(event).body, R"({"latitude":1.50,"longitude":2,"lorawan":)" + small_tail);
  auto for_central = context;
  for_central.iot_central = true;
  EXPECT_EQ(format_flat(event, for_central)->front().body,
            R"({"latitude":1.50,"longitude":2,"location":{"lat":1.50,"lon":2},"lorawan":)" + small_tail);
}

TEST(flat, refuses_a_kind_that_nobody_knows) {
  auto event = small_uplink();
  event.kind = event_kind::unknown;
  const auto made = format_flat(event, context);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.fault().code(), errc::format_refused);
}

TEST(flat, refuses_decoded_fields_that_are_no_object) {
  auto event = small_uplink();
  for (const char* text : {"[1]", "1", "{", "{\"lorawan\":", "[\"lorawan\"]", "{\"\\\":1}"}) {
    frame_of(event).decoded_payload = text;
    const auto made = format_flat(event, context);
    ASSERT_FALSE(made) << text;
    EXPECT_EQ(made.fault().code(), errc::format_refused);
  }
}

TEST(flat, takes_what_the_hub_takes_and_not_a_byte_more) {
  auto event = small_uplink();
  frame_of(event).decoded_payload = "{\"a\":\"\"}";
  const auto room = model::max_message_bytes - size_of(flat(event));
  frame_of(event).decoded_payload = "{\"a\":\"" + std::string(room, 'x') + "\"}";
  EXPECT_EQ(size_of(flat(event)), model::max_message_bytes);
  frame_of(event).decoded_payload = "{\"a\":\"" + std::string(room + 1, 'x') + "\"}";
  const auto made = format_flat(event, context);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.fault().code(), errc::message_too_large);
}

} // namespace
} // namespace causeway::formats
