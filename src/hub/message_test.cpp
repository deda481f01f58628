// SPDX-License-Identifier: Apache-2.0
#include "hub/message.h"

#include "amqp/message.h"

#include <gtest/gtest.h>

namespace causeway::hub {
namespace {

TEST(hub_message, puts_each_field_in_its_place) {
  const model::message what{"u-0123",
                            "application/json",
                            "utf-8",
                            R"({"t":1})",
                            {{"iothub-creation-time-utc", "2026-01-01T00:00:00.000Z"}, {"event", "uplink"}}};
  const auto encoded = encode_telemetry(what, 0);
  ASSERT_TRUE(encoded.has_value());
  const auto decoded = amqp::decode_message(*encoded);
  ASSERT_TRUE(decoded.has_value());
  ASSERT_NE(decoded->message_id.as<std::string>(), nullptr);
  EXPECT_EQ(*decoded->message_id.as<std::string>(), "u-0123");
  EXPECT_EQ(decoded->content_type, "application/json");
  EXPECT_EQ(decoded->content_encoding, "utf-8");
  EXPECT_EQ(decoded->data, R"({"t":1})");
  EXPECT_EQ(decoded->data_sections, 1u);
  ASSERT_EQ(decoded->application_properties.size(), 2u);
  EXPECT_EQ(*decoded->application_properties[0].first.text(), "iothub-creation-time-utc");
  EXPECT_EQ(*decoded->application_property("event")->as<std::string>(), "uplink");
  EXPECT_TRUE(decoded->correlation_id.is_null());
  EXPECT_TRUE(decoded->to.empty());
}

TEST(hub_message, has_its_correlation_id_as_a_string) {
  model::message what{"id", "application/json", "utf-8", "{}", {}};
  what.correlation_id = "m-1";
  const auto decoded = amqp::decode_message(*encode_telemetry(what, 0));
  ASSERT_TRUE(decoded.has_value());
  ASSERT_NE(decoded->correlation_id.as<std::string>(), nullptr);
  EXPECT_EQ(*decoded->correlation_id.as<std::string>(), "m-1");
  EXPECT_EQ(decoded->content_type, "application/json");
}

TEST(hub_message, has_the_bytes_of_the_specification) {
  const model::message what{"a", "t", "e", "b", {{"k", "v"}}};
  const std::string expected{"\x00\x53\x73\xc0\x0f\x08\xa1\x01"
                             "a\x40\x40\x40\x40\x40\xa3\x01t\xa3\x01"
                             "e"
                             "\x00\x53\x74\xc1\x07\x02\xa1\x01k\xa1\x01v"
                             "\x00\x53\x75\xa0\x01"
                             "b",
                             38};
  EXPECT_EQ(*encode_telemetry(what, 0), expected);
}

TEST(hub_message, what_is_empty_is_left_out) {
  const auto encoded = encode_telemetry({}, 0);
  ASSERT_TRUE(encoded.has_value());
  const auto decoded = amqp::decode_message(*encoded);
  ASSERT_TRUE(decoded.has_value());
  EXPECT_TRUE(decoded->message_id.is_null());
  EXPECT_TRUE(decoded->application_properties.empty());
  EXPECT_EQ(decoded->data_sections, 1u);
}

TEST(hub_message, large_bodies_and_many_properties_take_the_large_forms) {
  model::message what{"id", "application/json", "utf-8", std::string(200'000, 'x'), {}};
  for (int number = 0; number < 300; ++number)
    what.properties.emplace_back("p" + std::to_string(number), std::string(100, 'v'));
  const auto encoded = encode_telemetry(what, 0);
  ASSERT_TRUE(encoded.has_value());
  const auto decoded = amqp::decode_message(*encoded);
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->data, what.body);
  EXPECT_EQ(decoded->application_properties.size(), 300u);
}

TEST(hub_message, the_limits_of_the_hub_and_of_the_link_are_kept) {
  model::message what{"id", "", "", std::string(model::max_message_bytes + 1, 'x'), {}};
  ASSERT_FALSE(encode_telemetry(what, 0).has_value());
  EXPECT_EQ(encode_telemetry(what, 0).fault().code(), errc::message_too_large);
  what.body.resize(1000);
  EXPECT_TRUE(encode_telemetry(what, 2000).has_value());
  EXPECT_EQ(encode_telemetry(what, 1000).fault().code(), errc::message_too_large);
}

} // namespace
} // namespace causeway::hub
