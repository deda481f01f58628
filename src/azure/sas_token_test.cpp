// SPDX-License-Identifier: Apache-2.0
#include "azure/sas_token.h"

#include "base/encoding.h"

#include <gtest/gtest.h>

namespace causeway::azure {
namespace {

using namespace std::chrono_literals;

// Bytes 00..1f.
constexpr std::string_view key_text = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const wall_time expiry{1735689600s};

signing_key key_of(std::string_view base64) {
  return signing_key::parse(secret{std::string{base64}}, "the test's key").value();
}

std::string token_for(std::string_view resource, std::string_view policy = {}) {
  return std::string{make_sas_token(resource, key_of(key_text), expiry, policy).reveal()};
}

TEST(sas_token, of_a_device_agrees_with_the_vector) {
  EXPECT_EQ(token_for("contoso.azure-devices.net/devices/dev-1"),
            "SharedAccessSignature sr=contoso.azure-devices.net%2Fdevices%2Fdev-1"
            "&sig=%2FiOlxL53%2BysSVvFgRKBEHkigy9aBQqFNEUv8aA776cw%3D&se=1735689600");
}

TEST(sas_token, of_a_registration_agrees_with_the_vector) {
  EXPECT_EQ(token_for("0ne00000000/registrations/dev-1", registration_policy),
            "SharedAccessSignature sr=0ne00000000%2Fregistrations%2Fdev-1"
            "&sig=4UTHTcmkOs6lMYTZso%2B0oAsujhDRNxSVbj0wjTqfY4A%3D&se=1735689600&skn=registration");
}

TEST(sas_token, that_was_made_is_read_back_and_verified) {
  const auto token = parse_sas_token(token_for("hub.azure-devices.net/devices/a b", "device")).value();
  EXPECT_EQ(token.sr, "hub.azure-devices.net%2Fdevices%2Fa%20b");
  EXPECT_EQ(token.resource, "hub.azure-devices.net/devices/a b");
  EXPECT_EQ(token.skn, "device");
  EXPECT_EQ(token.expiry, 1735689600);
  EXPECT_TRUE(token.signed_by(key_of(key_text)));
  EXPECT_FALSE(token.signed_by(key_of("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh4=")));
}

TEST(sas_token, is_read_as_each_sdk_writes_it) {
  const std::string sig = percent_encode(base64_encode(key_of(key_text).sign("localhost:15674\n1735689600")));
  const std::string lower_sig =
      percent_encode(base64_encode(key_of(key_text).sign("h%2fdevices%2fd\n1735689600")));
  const std::string texts[] = {
      "SharedAccessSignature sr=localhost:15674&sig=" + sig +
          "&skn=iothubowner&se=1735689600",                                          // Node, sr not encoded
      "SharedAccessSignature sig=" + sig + "&se=1735689600&sr=localhost:15674",      // Java, device
      "SharedAccessSignature sr=localhost:15674&sig=" + sig + "&se=1735689600&skn=", // Java, DPS
      "sharedaccesssignature sr=localhost:15674&sig=" + sig + "&se=1735689600&later=1",
      "SharedAccessSignature sr=h%2fdevices%2fd&sig=" + lower_sig + "&se=1735689600", // C, hex in lower case
  };
  for (const auto& text : texts) {
    const auto token = parse_sas_token(text);
    ASSERT_TRUE(token) << text;
    EXPECT_TRUE(token->signed_by(key_of(key_text))) << text;
  }
  EXPECT_EQ(parse_sas_token(texts[2])->skn, "");
}

TEST(sas_token, signature_covers_sr_and_se_as_written) {
  auto text = token_for("contoso.azure-devices.net/devices/dev-1");
  for (const auto& [from, to] : {std::pair{"%2Fdev-1", "%2Fdev-2"}, std::pair{"%2Fdevices", "%2fdevices"},
                                 std::pair{"se=1735689600", "se=1735689601"}}) {
    auto changed = text;
    changed.replace(changed.find(from), std::string_view{from}.size(), to);
    EXPECT_FALSE(parse_sas_token(changed)->signed_by(key_of(key_text))) << changed;
  }
}

TEST(sas_token, that_cannot_be_read_names_the_fault_and_not_the_token) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"", "does not begin"},
      {"Bearer sr=a", "does not begin"},
      {"SharedAccessSignature sr=a&sig=c2VjcmV0", "lacks the field se"},
      {"SharedAccessSignature sr=a&se=1", "lacks the field sig"},
      {"SharedAccessSignature sig=c2VjcmV0&se=1", "lacks the field sr"},
      {"SharedAccessSignature sr=a&sig=c2VjcmV0&se=soon", "not a number"},
      {"SharedAccessSignature sr=a&sig=c2VjcmV0&se=-5", "not a number"},
      {"SharedAccessSignature sr=a&sig=c2VjcmV0&se=99999999999999999999", "not a number"},
      {"SharedAccessSignature sr=a&sig=!c2VjcmV0&se=1", "not base64"},
      {"SharedAccessSignature sr=a&sr=b&sig=c2VjcmV0&se=1", "sr twice"},
  };
  for (const auto& [text, why] : cases) {
    const auto token = parse_sas_token(text);
    ASSERT_FALSE(token) << text;
    EXPECT_EQ(token.fault().code(), errc::unauthorized);
    EXPECT_NE(token.fault().detail().find(why), std::string::npos) << token.fault().detail();
    EXPECT_EQ(token.fault().detail().find("c2VjcmV0"), std::string::npos);
  }
}

TEST(sas_token, with_a_short_signature_is_refused) {
  EXPECT_FALSE(parse_sas_token("SharedAccessSignature sr=a&sig=AAAA&se=1")->signed_by(key_of(key_text)));
}

TEST(sas_token, expires_in_the_second_it_names) {
  const auto token = parse_sas_token(token_for("h/devices/d")).value();
  EXPECT_FALSE(token.expired(expiry - 1s));
  EXPECT_TRUE(token.expired(expiry));
}

TEST(sas_token, covers_host_and_path_by_segment) {
  const std::tuple<std::string_view, std::string_view, bool> cases[] = {
      {"Hub.net/devices/d", "hub.net/devices/d", true},
      {"hub.net:5671/devices/d", "hub.net/devices/d", true},
      {"hub.net/devices", "hub.net/devices/d", true},
      {"hub.net", "hub.net/devices/d", true},
      {"hub.net/", "hub.net/devices/d", true},
      {"hub.net/devices/d", "hub.net/devices/d2", false},
      {"hub.net/devices/D", "hub.net/devices/d", false},
      {"hub.net/devices/d/modules/m", "hub.net/devices/d", false},
      {"other.net/devices/d", "hub.net/devices/d", false},
      {"", "hub.net/devices/d", false},
      {"/devices/d", "hub.net/devices/d", false},
  };
  for (const auto& [granted, wanted, expected] : cases)
    EXPECT_EQ(covers(granted, wanted), expected) << granted;
}

TEST(signing_key, white_space_around_it_is_forgiven) {
  const auto key = signing_key::parse(secret{"\r\n" + std::string{key_text} + " \n"}, "k");
  ASSERT_TRUE(key);
  EXPECT_EQ(key->base64().reveal(), key_text);
}

TEST(signing_key, says_where_a_key_is_no_base64_and_what_stands_there) {
  const std::pair<const char*, const char*> cases[] = {{"AAEC AwQF", "character 5 of 9 is a blank"},
                                                       {"AAEC\nAwQF", "character 5 of 9 is a line break"},
                                                       {"\"AAEC\"", "character 1 of 6 is a quotation mark"},
                                                       {"AA==AwQF", "character 3 of 8 is an '='"},
                                                       {"AAECAwQF!", "character 9 of 9 is none"},
                                                       {"AAECA", "no whole number of bytes"}};
  for (const auto& [text, words] : cases) {
    const auto key = signing_key::parse(secret{text}, "k");
    ASSERT_FALSE(key) << text;
    EXPECT_NE(key.fault().detail().find(words), std::string::npos) << key.fault().detail();
  }
}

TEST(signing_key, names_the_thing_when_it_is_not_base64) {
  for (const auto bad : {"not base64!", "", "AAA=="}) {
    const auto key = signing_key::parse(secret{bad}, "azure.field.group_key");
    ASSERT_FALSE(key) << bad;
    EXPECT_EQ(key.fault().code(), errc::key_not_base64);
    EXPECT_TRUE(key.fault().detail().starts_with("azure.field.group_key"));
    EXPECT_EQ(key.fault().detail().find("not base64!"), std::string::npos);
  }
}

TEST(signing_key, of_a_device_is_derived_as_in_the_vectors) {
  constexpr std::string_view microsofts =
      "8isrFI1sGsIlvvFSSFRiMfCNzv21fjbE/+ah/lSh3lF8e2YG1Te7w1KpZhJFFXJrqYKi9yegxkqIChbqOS9Egw==";
  constexpr std::string_view bytes_0_to_63 =
      "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw==";
  const std::tuple<std::string_view, std::string_view, std::string_view> vectors[] = {
      {microsofts, "sn-007-888-abc-mac-a1-b2-c3-d4-e5-f6", "Jsm0lyGpjaVYVP2g3FnmnmG9dI/9qU24wNoykUmermc="},
      {key_text, "dev-1", "uPrGCZtSCJ9Nt+iY0r7te47dbsu7OCYEU9tz7kQloUs="},
      {bytes_0_to_63, "dev1", "4au4SX34BGNfKzwqK3pnHfGtzfkkGgMg/yuXrHYqJxg="},
      {bytes_0_to_63, "Dev1", "NRBNtl6jDE7XiQD9T7e5QuSm7aVZXgKQdNBGNsftFVs="},
  };
  for (const auto& [group, registration, derived] : vectors)
    EXPECT_EQ(derive_device_key(key_of(group), registration).base64().reveal(), derived);
}

} // namespace
} // namespace causeway::azure
