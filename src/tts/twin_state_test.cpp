// SPDX-License-Identifier: Apache-2.0
#include "tts/twin_state.h"

#include "base/sample_file.h"
#include "tts/json_span.h"
#include "tts/messages.h"

#include <gtest/gtest.h>

namespace causeway::tts {
namespace {

model::event event_of(const std::string& sample) {
  auto read = parse_application_up(testing::read_sample("things-stack/" + sample), {});
  EXPECT_TRUE(read) << sample;
  return *std::move(read);
}

TEST(twin_state, of_a_captured_uplink_has_what_the_network_says) {
  const auto state = read_twin_state(event_of("up-03-mclimate-button-confirmed-battery-2025.json"), false);
  ASSERT_TRUE(parse_json(state)) << state;
  for (const auto* const name :
       {"lastSeen", "fCnt", "dataRate", "rssi", "snr", "gateways", "battery", "versions"})
    EXPECT_NE(state.find('"' + std::string{name} + "\":"), std::string::npos) << name << state;
  EXPECT_EQ(state.find("decodedPayload"), std::string::npos);
}

TEST(twin_state, has_battery_versions_errors_and_position_where_they_are_known) {
  model::event event;
  event.kind = model::event_kind::uplink;
  event.what = model::uplink{};
  event.raw =
      R"({"uplink_message":{"last_battery_percentage":{"f_cnt":14,"value":90.118576},"packet_error_rate":0.25,)"
      R"("version_ids":{"brand_id":"b","band_id":"EU_863_870"},)"
      R"("locations":{"user":{"latitude":1.5},"frm-payload":{"latitude":1,"longitude":2,"altitude":3}}}})";
  EXPECT_EQ(
      read_twin_state(event, false),
      R"({"lorawan":{"battery":90.118576,"packetErrorRate":0.25,)"
      R"("location":{"latitude":1,"longitude":2,"altitude":3},"versions":{"brandId":"b","bandId":"EU_863_870"}}})");
}

TEST(twin_state, decoded_payload_goes_without_names_that_a_twin_refuses) {
  model::event event;
  event.kind = model::event_kind::uplink;
  model::uplink uplink;
  uplink.decoded_payload = R"({"t":1,"a.b":2,"$c":3,"d e":4,"in":{"x":[1,2],"y z":5},"none":null})";
  event.what = uplink;
  EXPECT_EQ(read_twin_state(event, true), R"({"decodedPayload":{"t":1,"in":{"x":[1,2]}}})");
  EXPECT_EQ(read_twin_state(event, false), "");
}

TEST(twin_state, decoded_payload_goes_without_values_that_a_twin_refuses) {
  const auto taken = [](const std::string& decoded) {
    model::event event;
    event.kind = model::event_kind::uplink;
    model::uplink uplink;
    uplink.decoded_payload = decoded;
    event.what = uplink;
    return read_twin_state(event, true);
  };
  EXPECT_EQ(taken(R"({"ns":1732987654321000000,"t":-4503599627370495,"f":1e300,"ok":true})"),
            R"({"decodedPayload":{"t":-4503599627370495,"f":1e300,"ok":true}})");
  EXPECT_EQ(taken(R"({"long":")" + std::string(5000, 'x') + R"(","t":1})"), R"({"decodedPayload":{"t":1}})");
  EXPECT_EQ(taken(R"({"a":[{"air temp":1,"b":2}],"big":[1,1732987654321000000]})"),
            R"({"decodedPayload":{"a":[{"b":2}]}})");
  EXPECT_EQ(taken(R"({"a":[[[[[[[[[[[1]]]]]]]]]]],"t":1})"), R"({"decodedPayload":{"t":1}})") << "too deep";
  std::string much = "{";
  for (int i = 0; i < 3000; ++i)
    much += R"("name)" + std::to_string(i) + R"(":1,)";
  EXPECT_EQ(taken(much + R"("t":1})"), "") << "the rest is not to be lost with it";
}

TEST(twin_state, that_was_told_is_read_without_the_answer) {
  EXPECT_EQ(
      told_twin_state(
          R"({"lorawan":{"fCnt":7,"downlink":{"state":"queued"}},"decodedPayload":{"t":1},"$version":3})"),
      R"({"lorawan":{"fCnt":7},"decodedPayload":{"t":1}})");
  EXPECT_EQ(told_twin_state(R"({"$version":3})"), "");
}

TEST(twin_state, of_another_event_is_none) {
  EXPECT_EQ(read_twin_state(event_of("join-01-docs-2020.json"), true), "");
}

TEST(twin_state, a_patch_has_only_what_has_changed_and_null_for_what_is_gone) {
  EXPECT_EQ(merge_patch("", R"({"a":{"b":1}})"), R"({"a":{"b":1}})");
  EXPECT_EQ(merge_patch(R"({"a":{"b":1,"c":2,"d":[1]}})", R"({"a":{"b":1,"c":3,"d":[2]}})"),
            R"({"a":{"c":3,"d":[2]}})");
  EXPECT_EQ(merge_patch(R"({"a":{"b":1,"c":2}})", R"({"a":{"b":1}})"), R"({"a":{"c":null}})");
  EXPECT_EQ(merge_patch(R"({"a":{"b":1}})", R"({"a":5})"), R"({"a":5})");
  EXPECT_EQ(merge_patch(R"({"a":{"b":1}})", R"({"a":{"b":1}})"), "");
}

} // namespace
} // namespace causeway::tts
