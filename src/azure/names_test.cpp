// SPDX-License-Identifier: Apache-2.0
#include "azure/names.h"

#include <gtest/gtest.h>

namespace causeway::azure {
namespace {

TEST(identity, takes_what_iot_hub_takes) {
  for (const auto good : {"dev-1", "A.b%_#*?!(),=@$'", "a:b", "a+b"})
    EXPECT_TRUE(is_valid_identity(good)) << good;
  EXPECT_TRUE(is_valid_identity(std::string(128, 'a')));
  EXPECT_FALSE(is_valid_identity(std::string(129, 'a')));
  for (const auto bad : {"", "a b", "a/b", "a;b", "\xc3\xa4", "a\n"})
    EXPECT_FALSE(is_valid_identity(bad)) << bad;
}

TEST(registration_id, ends_in_a_letter_digit_or_hyphen) {
  for (const auto good : {"dev-1", "a_b.c:d", "x-"})
    EXPECT_TRUE(is_valid_registration_id(good)) << good;
  for (const auto bad : {"", "x.", "x_", "x:", "x@y", "a+b"})
    EXPECT_FALSE(is_valid_registration_id(bad)) << bad;
}

TEST(resource, is_not_encoded) {
  EXPECT_EQ(device_resource(parse_hub_address("localhost:15671").value(), identity{"a#b"}),
            "localhost/devices/a#b");
  EXPECT_EQ(registration_resource("0ne1", registration_id{"dev-1"}), "0ne1/registrations/dev-1");
}

TEST(link_address, is_encoded_and_read_back) {
  const identity odd{"a#b%c"};
  EXPECT_EQ(link_address(link_role::telemetry, odd), "/devices/a%23b%25c/messages/events");
  for (const auto role : {link_role::telemetry, link_role::c2d, link_role::methods, link_role::twin})
    EXPECT_EQ(parse_link_address(link_address(role, odd)), (link_target{role, odd}));
}

TEST(link_address, is_read_as_each_sdk_writes_it) {
  const link_target expected{link_role::c2d, identity{"Dev1"}};
  for (const auto text :
       {"/devices/Dev1/messages/devicebound", "amqps://h.net:5671/devices/Dev1/messages/deviceBound",
        "amqps://h.net/Devices/Dev1/messages/devicebound"})
    EXPECT_EQ(parse_link_address(text), expected) << text;
  EXPECT_EQ(parse_link_address("/devices/a%b/twin"), (link_target{link_role::twin, identity{"a%b"}}));
  for (const auto bad : {"", "$cbs", "/devices//twin", "/devices/d", "/devices/d/twins", "amqps://h",
                         "/devices/d/", "/devices/d/modules/m/twin", "/messages/events"})
    EXPECT_FALSE(parse_link_address(bad)) << bad;
}

} // namespace
} // namespace causeway::azure
