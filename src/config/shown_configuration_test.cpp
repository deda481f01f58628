// SPDX-License-Identifier: Apache-2.0
#include "config/shown_configuration.h"

#include "config/fake_secrets.h"
#include "config/key_table.h"
#include "config/loader.h"

#include <gtest/gtest.h>

namespace causeway::config {
namespace {

std::string shown(const std::string& text) {
  const auto read = parse_toml(text);
  EXPECT_TRUE(read.root) << read.fault;
  return show_configuration(*read.root);
}

void expect_has(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << part << " in " << text;
}

TEST(shown_configuration, has_what_the_file_says_and_the_defaults) {
  const auto text = shown("[webhook]\nlisten = \"0.0.0.0:8443\"\n");
  expect_has(text, R"({"section":"[webhook]","keys":[)");
  expect_has(text, R"({"key":"listen","value":"0.0.0.0:8443","given":true})");
  expect_has(text, R"({"key":"directory","value":"/var/lib/causeway","given":false})");
  expect_has(text, R"({"key":"max_age","value":null,"given":false})");
}

TEST(shown_configuration, says_of_a_secret_only_by_which_way_it_is_given) {
  const auto text = shown("[webhook]\npassword = \"hush-hush\"\n[azure.plant]\nconnection_string_file = "
                          "\"plant.key\"\n[[application]]\nid = \"meters\"\napi_key_env = \"API_KEY\"\n");
  EXPECT_EQ(text.find("hush"), std::string::npos) << text;
  expect_has(text, R"({"key":"password","secret":true,"by":"inline","where":null,"given":true})");
  expect_has(text,
             R"({"key":"connection_string","secret":true,"by":"file","where":"plant.key","given":true})");
  expect_has(text, R"({"key":"api_key","secret":true,"by":"environment","where":"API_KEY","given":true})");
  expect_has(text, R"({"key":"mqtt_key","secret":true,"by":null,"where":null,"given":false})");
  expect_has(text, R"("section":"[[application]] meters")");
}

TEST(shown_configuration, no_secret_key_of_the_table_is_shown_however_it_is_given) {
  std::size_t secrets = 0;
  for (const auto& key : keys()) {
    if (key.kind != value_kind::secret) continue;
    ++secrets;
    std::string heading{"[" + std::string{key.section} + "]"};
    if (key.section == "application") heading = "[[application]]";
    const auto text = shown(heading + "\n" + std::string{key.name} + " = \"pl4nted\"\n");
    EXPECT_EQ(text.find("pl4nted"), std::string::npos) << key.section << " " << key.name;
    expect_has(text, R"("by":"inline")");
  }
  EXPECT_GE(secrets, 10U);
}

TEST(shown_configuration, masks_a_secret_that_stands_where_none_belongs) {
  const auto text = shown("[things_stack]\nbase_url = \"https://user:pl4nted@host\"\n[[application]]\nid = "
                          "\"a\"\n[application.command.go]\nport = 7\npayload = { key = "
                          "\"SharedAccessKey=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\" }\n");
  EXPECT_EQ(text.find("pl4nted"), std::string::npos) << text;
  EXPECT_EQ(text.find("AAECAwQF"), std::string::npos) << text;
  expect_has(text, R"({"key":"port","value":7,"given":true})");
  expect_has(text, R"("section":"[application.command.go] a")");
}

TEST(shown_configuration, leaves_out_devices_beyond_a_thousand_and_says_so) {
  std::string text = "[azure.plant.devices]\n";
  for (int i = 0; i < 1'002; ++i)
    text += "\"d" + std::to_string(i) + "\" = { connection_string = \"pl4nted\" }\n";
  const auto all = shown(text);
  expect_has(all, R"("left_out":2})");
  EXPECT_EQ(all.find("pl4nted"), std::string::npos);
}

TEST(shown_configuration, comes_with_the_configuration) {
  fake_secrets secrets;
  secrets.variables = {{"WEBHOOK", "hush"}, {"PLANT", "HostName=h"}};
  const auto report = parse("[webhook]\npassword_env = \"WEBHOOK\"\n[azure.plant]\nconnection_string_env = "
                            "\"PLANT\"\n[[application]]\nid = \"meters\"\nazure = \"plant\"\n",
                            "/etc/causeway/c.toml", secrets);
  ASSERT_TRUE(report.value);
  expect_has(report.value->shown, R"("where":"PLANT")");
}

TEST(admin_token, is_long_enough_and_fits_into_a_header) {
  const auto read = [](const std::string& token) {
    fake_secrets secrets;
    secrets.variables = {{"WEBHOOK", "hush"}, {"PLANT", "HostName=h"}, {"TOKEN", token}};
    return parse("[webhook]\npassword_env = \"WEBHOOK\"\n[azure.plant]\nconnection_string_env = "
                 "\"PLANT\"\n[[application]]\nid = \"meters\"\nazure = \"plant\"\n[admin]\ntoken_env = "
                 "\"TOKEN\"\n",
                 "/etc/causeway/c.toml", secrets);
  };
  const auto good = read("0123456789abcdef");
  ASSERT_TRUE(good.value);
  EXPECT_TRUE(good.value->admin.token->equals("0123456789abcdef"));
  for (const auto* token :
       {"0123456789abcde", "0123456789 abcdef", "0123456789abcdef\x7f", "0123456789abcd\xc3\xa4"}) {
    const auto bad = read(token);
    EXPECT_FALSE(bad.value) << token;
    ASSERT_EQ(bad.faults.size(), 1U);
    EXPECT_EQ(bad.faults[0].what.code(), errc::config_invalid_value);
    EXPECT_EQ(bad.faults[0].what.message().find(token), std::string::npos);
  }
}

} // namespace
} // namespace causeway::config
