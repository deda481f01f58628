// SPDX-License-Identifier: Apache-2.0
#include "formats/transformed.h"

#include "model/frame_of.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>

namespace causeway::formats {
using model::testing::frame_of;
namespace {

model::event small_event() {
  model::event event;
  event.kind = model::event_kind::uplink;
  event.from = {application_id{"app1"}, device_id{"dev1"}};
  frame_of(event).f_port = 1;
  event.key = model::event_key{0xaa};
  return event;
}

TEST(transformed, each_output_is_a_message_with_its_number_in_the_id) {
  const auto made = format_transformed(small_event(), {}, {R"({"a":1})", "[1,2]", "3"});
  ASSERT_TRUE(made);
  ASSERT_EQ(made->size(), 3U);
  const std::string id = "u-aa000000000000000000000000000000.";
  const char* bodies[] = {R"({"a":1})", "[1,2]", "3"};
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ((*made)[i].id, id + std::to_string(i + 1));
    EXPECT_EQ((*made)[i].body, bodies[i]);
    EXPECT_EQ((*made)[i].properties, make_envelope(small_event(), {}).properties);
    EXPECT_EQ((*made)[i].content_type, "application/json");
  }
}

TEST(transformed, no_output_is_no_message) {
  const auto made = format_transformed(small_event(), {}, {});
  ASSERT_TRUE(made);
  EXPECT_TRUE(made->empty());
}

TEST(transformed, one_null_refuses_all_of_the_event) {
  const auto made = format_transformed(small_event(), {}, {"{}", "null"});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.fault().code(), errc::transform_refused);
  EXPECT_EQ(made.fault().detail(), "output 2 is null; to send nothing, put out nothing: `empty`");
}

TEST(transformed, names_the_output_that_is_too_large) {
  const auto made = format_transformed(small_event(), {}, {"{}", '"' + std::string(300 * 1024, 'x') + '"'});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.fault().code(), errc::message_too_large);
  EXPECT_TRUE(made.fault().detail().starts_with("output 2: ")) << made.fault().detail();
}

result<std::vector<model::message>> open_envelope(std::string output) {
  std::vector<std::string> outputs;
  outputs.push_back(std::move(output));
  return format_transformed(small_event(), {}, std::move(outputs), transform_output::envelope);
}

std::string property_of(const model::message& of, std::string_view name) {
  for (const auto& [known, value] : of.properties)
    if (known == name) return value;
  return "none";
}

TEST(transformed, a_reading_in_an_envelope_has_a_creation_time_of_its_own) {
  const auto made = open_envelope(
      R"({"properties":{"iothub-creation-time-utc":"2024-02-01T13:00:00+01:00","meter":"\u0041b","n":1.50,"hot":true,"fPort":null},"body":{"v":1.0}})");
  ASSERT_TRUE(made) << made.fault().message();
  const auto& message = made->front();
  EXPECT_EQ(message.id, "u-aa000000000000000000000000000000.1");
  EXPECT_EQ(message.body, R"({"v":1.0})");
  EXPECT_EQ(property_of(message, "iothub-creation-time-utc"), "2024-02-01T12:00:00.000Z");
  EXPECT_EQ(property_of(message, "meter"), "Ab");
  EXPECT_EQ(property_of(message, "n"), "1.50");
  EXPECT_EQ(property_of(message, "hot"), "true");
  EXPECT_EQ(property_of(message, "fPort"), "none");
  EXPECT_EQ(property_of(message, "deviceId"), "dev1");
}

TEST(transformed, an_envelope_may_have_no_properties_and_any_body) {
  const auto made = open_envelope(R"({"body":[1,"x"]})");
  ASSERT_TRUE(made) << made.fault().message();
  EXPECT_EQ(made->front().body, R"([1,"x"])");
  EXPECT_EQ(made->front().properties, make_envelope(small_event(), {}).properties);
}

TEST(transformed, what_is_no_envelope_is_refused_with_the_reason) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"properties":{}})", "it has no body"},
      {R"({"body":null})", "the body is null"},
      {R"([1])", "an envelope is"},
      {R"("body")", "an envelope is"},
      {R"({"body":1,"property":{}})", "without \"property\""},
      {R"({"properties":1,"body":1})", "no object"},
      {R"({"properties":{"a":{}},"body":1})", "\"a\" is neither text"},
      {R"({"properties":{"a":[1]},"body":1})", "\"a\" is neither text"},
      {R"({"properties":{"":"x"},"body":1})", "not printable ASCII"},
      {R"({"properties":{"é":"x"},"body":1})", "not printable ASCII"},
      {R"({"properties":{"a":"é"},"body":1})", "outside printable ASCII"},
      {R"({"properties":{"a":"\n"},"body":1})", "outside printable ASCII"},
      {R"({"properties":{"iothub-creation-time-utc":"yesterday"},"body":1})", "not a time"},
      {R"({"properties":{"iothub-creation-time-utc":1700000000},"body":1})", "not a time"},
      {R"({"properties":{"iothub-connection-device-id":"x"},"body":1})", "IoT Hub's own"},
  };
  for (const auto& [output, why] : cases) {
    const auto made = open_envelope(output);
    ASSERT_FALSE(made) << output;
    EXPECT_EQ(made.fault().code(), errc::transform_refused) << output;
    EXPECT_NE(made.fault().detail().find(why), std::string::npos) << made.fault().detail();
    EXPECT_TRUE(made.fault().detail().starts_with("output 1: ")) << made.fault().detail();
  }
}
} // namespace
} // namespace causeway::formats
