// SPDX-License-Identifier: Apache-2.0
#include "azure/hub_address.h"

#include <gtest/gtest.h>

namespace causeway::azure {
namespace {

TEST(hub_address, has_host_port_and_name) {
  const std::tuple<std::string_view, std::string_view, int, std::string_view, std::string_view> cases[] = {
      {"Contoso.azure-devices.net", "contoso.azure-devices.net", 5671, "contoso",
       "contoso.azure-devices.net"},
      {"contoso.azure-devices.net:5671", "contoso.azure-devices.net", 5671, "contoso",
       "contoso.azure-devices.net"},
      {"localhost:15671", "localhost", 15671, "localhost", "localhost:15671"},
      {"127.0.1.1:443", "127.0.1.1", 443, "127", "127.0.1.1:443"},
      {"[::1]:5671", "::1", 5671, "::1", "[::1]"},
  };
  for (const auto& [text, host, port, name, id] : cases) {
    const auto address = parse_hub_address(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->host, host);
    EXPECT_EQ(address->port, port);
    EXPECT_EQ(address->name(), name);
    EXPECT_EQ(address->id().str(), id);
    EXPECT_EQ(parse_hub_address(address->id().str()).value(), address.value());
  }
}

TEST(hub_address, of_dps_defaults_to_https) {
  EXPECT_EQ(parse_hub_address("global.azure-devices-provisioning.net", https_port)->port, 443);
  EXPECT_EQ(parse_hub_address("localhost:18443", https_port)->port, 18443);
}

TEST(hub_address, that_is_none_is_refused_and_quoted) {
  for (const auto text : {"", ":1", "a b", "host:", "host:0", "host:65536", "host:12x", "https://host",
                          "host/x", "a..b", "[::1", "[::1]x", "::1", "-x"}) {
    const auto address = parse_hub_address(text);
    ASSERT_FALSE(address) << text;
    EXPECT_EQ(address.fault().code(), errc::config_invalid_value);
    EXPECT_NE(address.fault().detail().find(text), std::string::npos);
  }
}

TEST(hub_address, a_hub_is_one_under_each_of_its_names) {
  const auto hub_of = [](std::string_view text) { return parse_hub_address(text)->hub().str(); };
  EXPECT_EQ(hub_of("contoso.azure-devices.net"), "contoso.azure-devices.net");
  EXPECT_EQ(hub_of("contoso.device.azure-devices.net"), "contoso.azure-devices.net");
  EXPECT_EQ(hub_of("Contoso.Service.Azure-Devices.net"), "contoso.azure-devices.net");
  EXPECT_EQ(hub_of("contoso.device.azure-devices.cn"), "contoso.azure-devices.cn");
  EXPECT_EQ(hub_of("contoso.device.azure-devices.us:443"), "contoso.azure-devices.us:443");
  // Not Azure's, or not these names.
  EXPECT_EQ(hub_of("contoso.device.example.net"), "contoso.device.example.net");
  EXPECT_EQ(hub_of("contoso.privatelink.azure-devices.net"), "contoso.privatelink.azure-devices.net");
  EXPECT_EQ(hub_of("localhost:15671"), "localhost:15671");
  EXPECT_EQ(hub_of("127.0.1.1:15671"), "127.0.1.1:15671");
  EXPECT_NE(hub_of("127.0.1.1:15671"), hub_of("127.0.1.1:15672"));
}

} // namespace
} // namespace causeway::azure
