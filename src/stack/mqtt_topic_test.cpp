// SPDX-License-Identifier: Apache-2.0
#include "stack/mqtt_topic.h"

#include <gtest/gtest.h>

namespace causeway::stack {
namespace {

const application_id meters{"meters"};

TEST(mqtt_topic, the_user_name_has_a_tenant_where_there_is_one) {
  EXPECT_EQ(mqtt_user_name(meters, "acme"), "meters@acme");
  EXPECT_EQ(mqtt_user_name(meters, ""), "meters");
}

TEST(mqtt_topic, every_kind_has_a_filter_of_its_own) {
  EXPECT_EQ(mqtt_filters("meters@acme", {"uplink"}),
            (std::vector<std::string>{"v3/meters@acme/devices/+/up"}));
  EXPECT_EQ(mqtt_filters("m", {"downlink", "uplink", "join", "location", "service", "normalized"}),
            (std::vector<std::string>{
                "v3/m/devices/+/up", "v3/m/devices/+/up/normalized", "v3/m/devices/+/join",
                "v3/m/devices/+/down/queued", "v3/m/devices/+/down/sent", "v3/m/devices/+/down/ack",
                "v3/m/devices/+/down/nack", "v3/m/devices/+/down/failed", "v3/m/devices/+/down/invalidated",
                "v3/m/devices/+/location/solved", "v3/m/devices/+/service/data"}));
}

TEST(mqtt_topic, names_the_device_that_the_body_must_name_too) {
  const auto up = parse_mqtt_topic("v3/meters@acme/devices/meter-1/up", meters, "acme");
  ASSERT_TRUE(up);
  EXPECT_EQ(up->application, "meters");
  EXPECT_EQ(up->device, "meter-1");
  EXPECT_TRUE(up->device_must_match);
  EXPECT_EQ(parse_mqtt_topic("v3/meters@acme/devices/meter-1/location/solved", meters, "acme")->device,
            "meter-1");
}

TEST(mqtt_topic, a_tenant_that_is_not_configured_may_be_any) {
  for (const char* topic : {"v3/meters/devices/meter-1/up", "v3/meters@ttn/devices/meter-1/up"})
    EXPECT_TRUE(parse_mqtt_topic(topic, meters, "")) << topic;
}

TEST(mqtt_topic, what_is_not_an_event_of_this_application_is_refused) {
  for (const char* topic : {"v3/other@acme/devices/meter-1/up", "v3/meters@umbrella/devices/meter-1/up",
                            "v3/meters/devices/meter-1/up", "v3/meters@acme/devices/meter-1/down/push",
                            "v3/meters@acme/devices/meter-1/up/", "v3/meters@acme/devices/meter-1/up/more",
                            "v3/meters@acme/devices/meter-1", "v3/meters@acme/devices/meter-1/",
                            "v3/meters@acme/devices//up", "v3/meters@acme/devices/Meter/up",
                            "v3/meters@acme/gateways/meter-1/up", "v2/meters@acme/devices/m/up", "v3", "",
                            "/", "v3/meters@acme-2/devices/meter-1/up", "meters@acme/devices/meter-1/up"}) {
    const auto parsed = parse_mqtt_topic(topic, meters, "acme");
    ASSERT_FALSE(parsed) << topic;
    EXPECT_EQ(parsed.fault().code(), errc::topic_unexpected) << topic;
  }
  EXPECT_FALSE(parse_mqtt_topic("v3/meters-2@acme/devices/meter-1/up", meters, ""));
  EXPECT_LT(parse_mqtt_topic(std::string(60'000, 'x'), meters, "").fault().detail().size(), 300u);
}

TEST(mqtt_topic, a_refused_connection_says_what_its_code_means) {
  EXPECT_EQ(connack_error(5, "meters@acme").code(), errc::mqtt_unauthorized);
  EXPECT_EQ(connack_error(4, "meters@acme").code(), errc::mqtt_unauthorized);
  EXPECT_NE(connack_error(5, "meters@acme").detail().find("CONNACK 5: user name \"meters@acme\""),
            std::string::npos);
  for (const int code : {1, 2, 3, 6, 255}) {
    const auto why = connack_error(code, "meters");
    EXPECT_EQ(why.code(), errc::mqtt_refused);
    EXPECT_EQ(why.cls(), error_class::transient);
    EXPECT_TRUE(why.detail().starts_with("CONNACK " + std::to_string(code))) << why.detail();
  }
}

} // namespace
} // namespace causeway::stack
