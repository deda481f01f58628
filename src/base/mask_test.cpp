// SPDX-License-Identifier: Apache-2.0
#include "base/mask.h"

#include <gtest/gtest.h>

namespace causeway {
namespace {

constexpr std::string_view key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

TEST(mask, what_looks_like_a_secret_goes_wherever_it_stands) {
  const std::pair<std::string, std::string> cases[] = {
      {"HostName=h.azure-devices.net;SharedAccessKeyName=device;SharedAccessKey=Zm9v;DeviceId=d",
       "HostName=h.azure-devices.net;SharedAccessKeyName=device;SharedAccessKey=…;DeviceId=d"},
      {"\"sharedaccesskey = Zm 9v\" is", "\"sharedaccesskey = …\" is"},
      {"/etc/HostName=h;SharedAccessKey=Zm9v: No such file",
       "/etc/HostName=h;SharedAccessKey=…: No such file"},
      {"AccountName=a;AccountKey=Zm9v/+==;EndpointSuffix=x", "AccountName=a;AccountKey=…;EndpointSuffix=x"},
      {"InstrumentationKey=0123-45;IngestionEndpoint=https://x/",
       "InstrumentationKey=…;IngestionEndpoint=https://x/"},
      {"SharedAccessSignature sr=h&sig=abc%3D&se=1", "SharedAccessSignature …"},
      {"https://h/x?sv=1&sig=abc%3D&se=1", "https://h/x?sv=1&sig=…"},
      {"\"https://user:pa ss/w@rd@host/x\" is", "\"https://…@host/x\" is"},
      {"http://me:secret@host: refused", "http://…@host: refused"},
      {"NNSXS.ABCDEF.GHIJ in [x]", "NNSXS.… in [x]"},
      {"Authorization: Bearer abc.def", "Authorization: Bearer …"},
      {"webhook_password = \"hunter2\" here", "webhook_password = … here"},
      {"webhook_password = 'hun;ter2", "webhook_password = …"},
      {"/etc/causeway/" + std::string{key} + ": No such file", "/etc/causeway/…: No such file"},
      {"\"" + std::string{key.substr(0, 43)} + "\"", "\"…\""},
      {"saw " + std::string{key.substr(0, 22)}, "saw …"},
      {std::string(64, 'a') + " is", "… is"},
      {"-----BEGIN EC PRIVATE KEY-----\nabc\n-----END EC PRIVATE KEY-----\nx", "…\nx"},
      {"-----BEGIN PRIVATE KEY-----abc", "…"},
  };
  for (const auto& [text, masked] : cases)
    EXPECT_EQ(mask_secrets(text), masked) << text;
}

TEST(mask, what_an_operator_must_read_stays) {
  for (const std::string_view text :
       {"/var/lib/causeway/secrets/plant-connection-string: No such file or directory",
        "/home/Anna/Projects/GatewayOfTheTown/config/Secrets/plant1/key",
        "/tmp/w/config/a/b/c/d/e/f1/g/h2/i: x", "/tmp/tmpab3x9q1z/state/spool.db",
        "https://eu1.cloud.thethings.network:8885 is not a URL such as https://host",
        "contoso.azure-devices.net", "70B3D57ED0012345", "0ne00ABC123", "dtmi:acme:meter;1",
        "{application_id}-{device_id}", "123e4567-e89b-12d3-a456-426614174000",
        "SharedAccessKeyName in [azure.x]", "application_insights_connection_string",
        "password in [webhook]: the secret is empty", "mail@example.org", "x@y; http://h",
        "-----BEGIN CERTIFICATE-----"})
    EXPECT_EQ(mask_secrets(text), text);
}

TEST(mask, the_kind_of_a_secret_is_named) {
  EXPECT_EQ(kind_of_secret("HostName=h;DeviceId=x"), "a connection string");
  EXPECT_EQ(kind_of_secret("SharedAccessKey=x"), "a connection string");
  EXPECT_EQ(kind_of_secret("InstrumentationKey=x"), "a connection string");
  EXPECT_EQ(kind_of_secret("SharedAccessSignature sr=x&sig=y"), "a shared access signature");
  EXPECT_EQ(kind_of_secret("NNSXS.A.B"), "an API key of The Things Stack");
  EXPECT_EQ(kind_of_secret("https://u:p@h"), "a URL with a password in it");
  EXPECT_EQ(kind_of_secret("-----BEGIN PRIVATE KEY-----\nx"), "a private key");
  EXPECT_EQ(kind_of_secret(key), "a key");
  for (const std::string_view text :
       {"", "plant", "secrets/plant-connection-string", "PLANT_CONNECTION_STRING", "https://h"})
    EXPECT_EQ(kind_of_secret(text), "") << text;
}

} // namespace
} // namespace causeway
