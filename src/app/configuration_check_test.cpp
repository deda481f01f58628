// SPDX-License-Identifier: Apache-2.0
#include "app/configuration_check.h"

#include "app/wiring.h"
#include "config/loader.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace causeway::app {
namespace {

constexpr std::string_view key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

class no_secrets final : public config::secret_reader {
public:
  result<config::secret_file> read(const std::filesystem::path& file) override {
    return error{errc::secret_unreadable, file.string() + ": No such file or directory"};
  }
  std::optional<secret> variable(const std::string&) override { return std::nullopt; }
};

config::config_report check(const std::string& text) {
  no_secrets secrets;
  auto report = config::parse(text, "c.toml", secrets);
  if (const auto* read = report.readable()) report.add(check_configuration(*read));
  return report;
}

std::string joined(const config::config_report& report) {
  std::string all;
  for (const auto& line : report.lines())
    all += line + "\n";
  return all;
}

// A file whose line 3 is `line` in [azure.x], and which is otherwise good.
config::config_report check_azure(const std::string& line) {
  return check("[webhook]\n[azure.x]\n" + line +
               "\n[[application]]\nid = \"app-one\"\nazure = \"x\"\nwebhook_password = \"p\"\n");
}

std::string policy(const std::string& host, const std::string& name = "device") {
  return "connection_string = \"HostName=" + host + ";SharedAccessKeyName=" + name +
         ";SharedAccessKey=" + std::string{key} + "\"";
}

// B11
TEST(configuration_check, faults_of_every_stage_are_told_at_once_each_at_its_place) {
  const auto report = check(R"([state]
directroy = "x"
[webhook]
tls_certificate = "/none/c.pem"
tls_key = "/none/k.pem"
[things_stack]
ca_file = "/none/ca.pem"
[azure.plant]
connection_string = "HostName=h;SharedAccessKeyName=device"
units = 5000
[azure.field]
id_scope = "0ne"
group_key = "not base64"
[azure.field.devices]
"m-1" = { key = "???" }
[azure.basic]
connection_string = "HostName=h;SharedAccessKeyName=device;SharedAccessKey=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
tier = "B1"
[[application]]
id = "app-one"
azure = "fild"
webhook_password = "p"
[[application]]
id = "app-two"
azure = "basic"
webhook_password = "p"
commands = true
[telemetry]
application_insights_connection_string = "IngestionEndpoint=https://x.example/"
)");
  EXPECT_FALSE(report.value);
  std::vector<std::pair<std::uint32_t, std::string_view>> found;
  for (const auto& one : report.faults)
    found.emplace_back(one.at.line, one.what.name());
  const std::vector<std::pair<std::uint32_t, std::string_view>> expected{
      {2, "config_unknown_key"},    {4, "certificate_unusable"},
      {7, "certificate_unusable"},  {9, "connection_string_malformed"},
      {10, "config_invalid_value"}, {13, "key_not_base64"},
      {15, "key_not_base64"},       {21, "config_invalid_value"},
      {27, "config_invalid_value"}, {29, "connection_string_malformed"}};
  EXPECT_EQ(found, expected) << joined(report);
  const auto group_key = std::find_if(report.faults.begin(), report.faults.end(),
                                      [](const auto& one) { return one.at.line == 13; });
  EXPECT_EQ(group_key->at, (config::place{13, 13}));
  const auto individual = std::find_if(report.faults.begin(), report.faults.end(),
                                       [](const auto& one) { return one.at.line == 15; });
  EXPECT_EQ(individual->at, (config::place{15, 17}));
}

TEST(configuration_check, a_value_is_refused_by_one_stage_only) {
  const auto report = check_azure("connection_string_file = \"/none\"\nca_file = \"\"");
  EXPECT_EQ(report.faults.size(), 2U) << joined(report);
}

// A17
TEST(configuration_check, a_secret_in_the_wrong_place_is_named_and_not_shown) {
  const std::string string =
      "HostName=h.azure-devices.net;SharedAccessKeyName=device;SharedAccessKey=" + std::string{key};
  const std::pair<std::string, std::string> slips[] = {
      {"[azure.x]\nconnection_string_file = \"" + string + "\"",
       "this is a connection string, not the name of a file: put it into a file, or use connection_string"},
      {"[azure.x]\nconnection_string_env = \"" + string + "\"",
       "this is a connection string, not the name of an environment variable"},
      {"[azure.x]\nid_scope = \"0ne\"\ngroup_key_file = \"" + std::string{key} + "\"",
       "this is a key, not the name of a file"},
      {"[azure.x]\nid_scope = \"" + string + "\"", "this is a connection string, which does not belong here"},
      {"[azure.x]\ndps_endpoint = \"" + string + "\"",
       "this is a connection string, which does not belong here"},
      {"[azure.x]\nca_file = \"" + string + "\"", "this is a connection string, which does not belong here"},
      {"[[application]]\nid = \"a-b\"\nazure = \"" + string + "\"",
       "this is a connection string, which does not belong here"},
      {"[[application]]\nid = \"a-b\"\nazure = \"x\"\napi_key_file = "
       "\"NNSXS.AAECAwQFBgcICQoLDA0ODxAREhMUFRYX.Zz\"",
       "this is an API key of The Things Stack, not the name of a file"},
      {"[telemetry]\notlp_endpoint = \"http://me:AAECAwQFBgcICQoLDA0ODxAREhMUFRYX@h:4318\"",
       "a URL with a password in it"},
      {"[things_stack]\nbase_url = \"https://me:AAECAwQFBgcICQoLDA0ODxAREhMUFRYX@h\"",
       "leave user and password out"},
      {"[azure.\"" + string + "\"]\ntier = \"S1\"", "SharedAccessKey=…"},
      {"[azure.x.devices]\n\"" + string + "\" = 1", "SharedAccessKey=…"},
      {"[log]\n\"" + string + "\" = 1", "SharedAccessKey=…"},
      {"[log]\nlevel = \"" + string + "\"", "a connection string"},
      {"[admin]\nlisten = \"" + string + "\"", "a connection string"},
      {"[webhook]\ntls_key = \"\"\"-----BEGIN PRIVATE KEY-----\n" + std::string{key} +
           "\n-----END PRIVATE KEY-----\"\"\"",
       "a private key"},
      // No TOML: the parser quotes.
      {"[azure.x]\nconnection_string = " + string, "config_syntax"},
      {"[azure.x]\ngroup_key = " + std::string{key}, "config_syntax"},
      {"[azure.x]\nconnection_string = '" + string, "config_syntax"},
      {string, "config_syntax"},
      {"\"" + string + "\" = 1\n\"" + string + "\" = 2", "config_syntax"},
      {"[\"" + string + "\"]\n[\"" + string + "\"]", "config_syntax"},
      {"[azure.x]\nid_scope = 1\nid_scope.\"" + string + "\" = 2", "config_syntax"},
      {"x = 0x" + std::string{key}, "config_syntax"},
  };
  for (const auto& [text, words] : slips) {
    const auto told = joined(check(text));
    EXPECT_NE(told.find(words), std::string::npos) << text << "\n" << told;
    for (std::size_t at = 0; at + 8 <= key.size(); ++at)
      EXPECT_EQ(told.find(key.substr(at, 8)), std::string::npos) << text << "\n" << told;
  }
}

// B10
TEST(configuration_check, keys_and_addresses_as_people_paste_them_are_refused_or_warned_of) {
  struct paste {
    std::string line, words;
    bool is_fault;
  };
  const paste cases[] = {
      {"id_scope = \"0ne\"\ngroup_key = \"AAAA\"", "group_key has 3", true},
      {"id_scope = \"0ne\"\ngroup_key = \"" + std::string(88, 'A') + "\"", "group_key has 66", true},
      {"id_scope = \"0ne\"\ngroup_key = \"" + std::string(28, 'A') + "\"", "has 21 bytes", false},
      {"id_scope = \"0ne\"\ngroup_key = \"" + std::string(64, 'a') + "\"", "hexadecimal", false},
      {"id_scope = \"https://x.azure-devices-provisioning.net\"\ngroup_key = \"" + std::string{key} + "\"",
       "letters and digits only", true},
      {"id_scope = \"0ne\"\ndps_endpoint = \"x.azure-devices.net\"\ngroup_key = \"" + std::string{key} + "\"",
       "is a hub, not a DPS", false},
      {policy("https://h.azure-devices.net"), "has a scheme", true},
      {policy("h.azure-devices.net:8883"), "8883 is for MQTT", false},
      {policy("h.azure-devices-provisioning.net"), "is a DPS, not a hub", false},
      {policy("h.azure-device.net"), "none of IoT Hub's names", false},
      {policy("h.azure-devices.net", "service"), "may not connect devices", false},
      {policy("h.azure-devices.net", "registryRead"), "may not connect devices", false},
      {policy("h.azure-devices.net;GatewayHostName=g"), "Edge gateways", true},
      {"connection_string = \"\\uFEFFHostName=h\"", "byte order mark", true},
      {"secondary_" + policy("h.azure-devices.net"), "beside a connection_string only", true},
      {policy("h.azure-devices.net") + "\nsecondary_" + policy("h.azure-devices.net"),
       "the same key once more", false},
      {policy("h.azure-devices.net") + "\nsecondary_" + policy("i.azure-devices.net"), "of the hub \"i.azure",
       true},
  };
  for (const auto& [line, words, is_fault] : cases) {
    const auto report = check_azure(line);
    EXPECT_NE(joined(report).find(words), std::string::npos) << line << "\n" << joined(report);
    EXPECT_EQ(report.faults.empty(), !is_fault) << joined(report);
  }
  for (const auto& good :
       {policy("h.azure-devices.net"), policy("h.azure-devices.cn:5671"),
        policy("h.privatelink.azure-devices.us"),
        policy("h.azure-devices.net") + "\nsecondary_" + policy("h.azure-devices.net", "iothubowner"),
        "id_scope = \"0ne00123ABC\"\ngroup_key = \"\\n " + std::string{key} + " \\n\""}) {
    const auto report = check_azure(good);
    EXPECT_TRUE(report.faults.empty()) << joined(report);
    for (const auto& one : report.warnings)
      EXPECT_NE(one.text.find("stands in the configuration itself"), std::string::npos) << one.text;
  }
}

TEST(configuration_check, the_policys_other_key_signs_once_the_first_is_given_up) {
  const auto report = check_azure(policy("h.azure-devices.net") + "\nsecondary_" +
                                  policy("h.azure-devices.net", "iothubowner"));
  ASSERT_TRUE(report.value) << joined(report);
  const auto sections = make_sections(*report.value);
  ASSERT_TRUE(sections);
  service_clocks clocks;
  cloud::section_tokens tokens{sections->front(), sections->front().policy->hub, clocks};
  const auto policy_of = [&] {
    return azure::parse_sas_token(tokens.policy_token(wall_time{seconds{2'000'000'000}}).reveal())->skn;
  };
  EXPECT_EQ(policy_of(), "device");
  EXPECT_TRUE(tokens.next_policy_key(tokens.policy_key()));
  EXPECT_EQ(policy_of(), "iothubowner");
  EXPECT_TRUE(tokens.next_policy_key(tokens.policy_key()));
  EXPECT_EQ(policy_of(), "device");
}

TEST(configuration_check, commands_that_a_basic_tier_lacks_are_refused_only_where_they_were_asked_for) {
  const auto with = [](const std::string& tier, const std::string& application) {
    return check("[azure.x]\n" + policy("h.azure-devices.net") + "\ntier = \"" + tier +
                 "\"\n[[application]]\nid = \"app-one\"\nazure = \"x\"\nwebhook_password = \"p\"\n" +
                 application);
  };
  EXPECT_TRUE(with("B1", "").value);
  EXPECT_TRUE(with("B2", "commands = false\n").value);
  EXPECT_TRUE(with("S1", "commands = true\n").value);
  const auto by_name = with("B1", "[application.command.on]\nport = 1\n");
  ASSERT_EQ(by_name.faults.size(), 1U) << joined(by_name);
  EXPECT_EQ(by_name.faults[0].at, (config::place{8, 22})) << joined(by_name);
  EXPECT_TRUE(with("B1", "commands = false\n[application.command.on]\nport = 1\n").value);
  EXPECT_TRUE(with("S1", "[application.command.on]\nport = 1\n").value);
  const auto refused = with("B3", "commands = true\n");
  ASSERT_EQ(refused.faults.size(), 1U);
  EXPECT_EQ(refused.faults[0].at, (config::place{8, 12}));
  EXPECT_NE(refused.faults[0].what.detail().find("tier B3"), std::string::npos);
  const auto twins = with("B1", "twin = true\n");
  ASSERT_EQ(twins.faults.size(), 1U) << joined(twins);
  EXPECT_EQ(twins.faults[0].at, (config::place{8, 8}));
}

TEST(configuration_check, the_priority_of_a_command_is_one_of_the_stacks) {
  const auto with = [](const std::string& priority) {
    return check("[azure.x]\n" + policy("h.azure-devices.net") +
                 "\n[[application]]\nid = \"app-one\"\nazure = \"x\"\nwebhook_password = \"p\"\n"
                 "[application.command.ok]\nport = 1\n[application.command.on]\nport = 1\npriority = " +
                 priority + "\n");
  };
  for (const auto* good :
       {"\"normal\"", "\"Highest\"", "\"belowNormal\"", "\"ABOVE_NORMAL\"", "0", "6", "\"6\""})
    EXPECT_TRUE(with(good).value) << good;
  for (const auto* bad : {"\"urgent\"", "\"\"", "7", "-1", "\"below-normal\""}) {
    const auto report = with(bad);
    ASSERT_EQ(report.faults.size(), 1U) << bad << joined(report);
    EXPECT_EQ(report.faults[0].at, (config::place{11, 12})) << joined(report);
    EXPECT_EQ(report.faults[0].what.code(), errc::config_invalid_value);
    EXPECT_NE(report.faults[0].what.detail().find("priority in [application.command.on]: "),
              std::string::npos);
  }
}

} // namespace
} // namespace causeway::app
