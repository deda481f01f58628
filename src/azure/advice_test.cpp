// SPDX-License-Identifier: Apache-2.0
#include "azure/advice.h"

#include <gtest/gtest.h>

namespace causeway::azure {
namespace {

hub_address address(std::string_view text, std::uint16_t port) {
  return *parse_hub_address(text, port);
}

TEST(advice, hubs_under_their_own_names_raise_nothing) {
  for (const auto text :
       {"contoso.azure-devices.net", "contoso.device.azure-devices.net", "contoso.azure-devices.cn",
        "contoso.azure-devices.us", "contoso.azure-devices.de", "contoso.privatelink.azure-devices.net",
        "contoso.azure-devices.net:5671", "localhost:15671", "127.0.0.1:9", "[::1]:5671", "hub"})
    EXPECT_EQ(advice_on_hub(address(text, amqps_port)), "") << text;
  for (const auto text : {"global.azure-devices-provisioning.net", "global.azure-devices-provisioning.cn",
                          "x.azure-devices-provisioning.us", "localhost:8443"})
    EXPECT_EQ(advice_on_dps(address(text, https_port)), "") << text;
}

TEST(advice, what_is_another_service_or_nearly_the_right_name_is_told) {
  const std::pair<const char*, const char*> hubs[] = {
      {"x.azure-devices-provisioning.net", "is a DPS, not a hub"},
      {"x.azure-device.net", "end in .azure-devices.net"},
      {"x.azuredevices.net", "end in .azure-devices.net"},
      {"x.azur-devices.net", "end in .azure-devices.net"},
      {"x.azure-devices.com", "end in .azure-devices.net"},
      {"x.azureiotcentral.com", "no IoT Hub"},
      {"x.azure-devices.net:8883", "8883 is for MQTT"},
      {"x.azure-devices.net:443", "443 is for HTTPS"}};
  for (const auto& [text, words] : hubs)
    EXPECT_NE(advice_on_hub(address(text, amqps_port)).find(words), std::string::npos) << text;
  const std::pair<const char*, const char*> dps[] = {
      {"x.azure-devices.net", "is a hub, not a DPS"},
      {"x.azureiotcentral.com", "application's own address"},
      {"global.azure-device-provisioning.net", "none of DPS' names"},
      {"global.azure-devices-provisioning.net:8883", "MQTT"}};
  for (const auto& [text, words] : dps)
    EXPECT_NE(advice_on_dps(address(text, https_port)).find(words), std::string::npos) << text;
}

TEST(advice, policies_without_the_right_to_connect_are_told) {
  for (const auto policy : {"service", "registryRead", "registryReadWrite", "SERVICE"})
    EXPECT_NE(advice_on_policy(policy).find("may not connect devices"), std::string::npos) << policy;
  for (const auto policy : {"device", "iothubowner", "my-own", ""})
    EXPECT_EQ(advice_on_policy(policy), "") << policy;
}

TEST(advice, lengths_of_keys) {
  const auto key = [](std::size_t bytes) { return signing_key{secret{std::string(bytes, 'k')}}; };
  for (const std::size_t good : {32U, 64U})
    EXPECT_EQ(advice_on_key(key(good)), "");
  for (const std::size_t odd : {16U, 31U, 33U, 63U}) {
    EXPECT_NE(advice_on_key(key(odd)).find(std::to_string(odd) + " bytes"), std::string::npos);
    EXPECT_TRUE(is_key_length(key(odd)));
  }
  EXPECT_FALSE(is_key_length(key(15)));
  EXPECT_FALSE(is_key_length(key(65)));
  const auto hexadecimal = signing_key::parse(secret{std::string(64, 'a')}, "k");
  EXPECT_NE(advice_on_key(*hexadecimal).find("hexadecimal"), std::string::npos);
}

} // namespace
} // namespace causeway::azure
