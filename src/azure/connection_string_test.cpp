// SPDX-License-Identifier: Apache-2.0
#include "azure/connection_string.h"

#include <gtest/gtest.h>

namespace causeway::azure {
namespace {

constexpr std::string_view key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

result<connection_string> parse(std::string text) {
  return parse_connection_string(secret{std::move(text)}, "azure.plant.connection_string");
}

TEST(connection_string, of_a_policy) {
  const auto parsed =
      parse("HostName=contoso.azure-devices.net;SharedAccessKeyName=iothubowner;SharedAccessKey=" +
            std::string{key});
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->hub.host, "contoso.azure-devices.net");
  EXPECT_EQ(parsed->hub.port, 5671);
  EXPECT_TRUE(parsed->is_hub_wide());
  EXPECT_EQ(parsed->policy, "iothubowner");
  EXPECT_EQ(parsed->key.base64().reveal(), key);
}

TEST(connection_string, white_space_around_names_and_values_is_forgiven) {
  const auto parsed =
      parse(" HostName = contoso.azure-devices.cn ;\r\n SharedAccessKeyName= device;\r\nSharedAccessKey =" +
            std::string{key.substr(0, 43)} + " \r\n\r\n");
  ASSERT_TRUE(parsed) << parsed.fault().detail();
  EXPECT_EQ(parsed->hub.host, "contoso.azure-devices.cn");
  EXPECT_EQ(parsed->policy, "device");
  EXPECT_EQ(parsed->key.base64().reveal(), key);
}

TEST(connection_string, of_a_device_in_any_order_and_letter_case) {
  const auto parsed =
      parse("sharedaccesskey=" + std::string{key} + ";DEVICEID=Meter-17;hostname=localhost:15671;\n");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->hub.port, 15671);
  EXPECT_FALSE(parsed->is_hub_wide());
  EXPECT_EQ(parsed->device.str(), "Meter-17");
  EXPECT_EQ(parsed->policy, "");
}

TEST(connection_string, that_is_malformed_names_the_key_and_hides_the_secret) {
  const std::string access = "SharedAccessKey=" + std::string{key};
  const std::pair<std::string, std::string_view> cases[] = {
      {"", "is empty"},
      {"HostName=h;DeviceId=d", "SharedAccessKey is missing"},
      {"DeviceId=d;" + access, "HostName is missing"},
      {"HostName=h;" + access, "neither DeviceId nor SharedAccessKeyName"},
      {"HostName=h;HostName=i;DeviceId=d;" + access, "HostName is there twice"},
      {"HostName=h;Device=d;" + access, "unknown key \"Device\""},
      {"HostName=h;DeviceId=;" + access, "DeviceId has no value"},
      {"HostName=h;DeviceId=d/e;" + access, "DeviceId has characters"},
      {"HostName=h:x;DeviceId=d;" + access, "HostName \"h:x\""},
      {"HostName=h;DeviceId=d;;" + access, "nothing between"},
      {"HostName=h;DeviceId=d;x509=true", "x509 is for devices with certificates"},
      {"\xef\xbb\xbfHostName=h;DeviceId=d;" + access, "byte order mark"},
      {"\"HostName=h;DeviceId=d;" + access + "\"", "is in quotes"},
      {"HostName=h;DeviceId=d;" + access + "\"", "quotation mark stands at its end"},
      {"CONNECTION_STRING=HostName=h;DeviceId=d;" + access,
       "a variable's name stands before it, \"CONNECTION_STRING\""},
      {"export CS=HostName=h;DeviceId=d;" + access, "a variable's name"},
      {"CS=\"HostName=h;DeviceId=d;" + access + "\"", "without the quotes"},
      {"HostName=https://h;DeviceId=d;" + access, "has a scheme"},
      {"HostName=h;DeviceId=d;GatewayHostName=g;" + access, "does not speak to Edge gateways"},
      {"Endpoint=sb://x.servicebus.windows.net/;SharedAccessKeyName=x;" + access, "Event Hubs"},
      {"DefaultEndpointsProtocol=https;AccountName=x;AccountKey=y", "storage account"},
      {"HostName=h;DeviceId=d;" + std::string{key} + ";" + access, "unknown key of 43 characters"},
      {"HostName", "without '='"},
  };
  for (const auto& [text, why] : cases) {
    const auto parsed = parse(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.fault().code(), errc::connection_string_malformed);
    EXPECT_NE(parsed.fault().detail().find(why), std::string::npos) << parsed.fault().detail();
    EXPECT_TRUE(parsed.fault().detail().starts_with("azure.plant.connection_string: "));
    EXPECT_EQ(parsed.fault().detail().find(key.substr(0, 8)), std::string::npos);
  }
}

TEST(connection_string, with_a_key_that_is_not_base64_says_so) {
  const auto parsed = parse("HostName=h;DeviceId=d;SharedAccessKey=hush!");
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.fault().code(), errc::key_not_base64);
  EXPECT_EQ(parsed.fault().detail(),
            "azure.plant.connection_string: SharedAccessKey: its character 5 of 5 is "
            "none of base64's");
}

} // namespace
} // namespace causeway::azure
