// SPDX-License-Identifier: Apache-2.0
#include "app/wiring.h"

#include "app/configuration_check.h"
#include "config/loader.h"

#include <gtest/gtest.h>

namespace causeway::app {
namespace {

// No files, no variables: the texts below hold their secrets inline.
class no_secrets final : public config::secret_reader {
public:
  result<config::secret_file> read(const std::filesystem::path& file) override {
    return error{errc::secret_unreadable, file.string()};
  }
  std::optional<secret> variable(const std::string&) override { return std::nullopt; }
};

config::configuration parse(const std::string& text) {
  no_secrets secrets;
  auto report = config::parse(text, "test.toml", secrets);
  for (const auto& fault : report.faults)
    ADD_FAILURE() << report.format(fault);
  return std::move(*report.value);
}

const std::string good = R"(
[state]
directory = "/tmp/none"
[webhook]
password = "pw"
[azure.plant]
connection_string = "HostName=h.azure-devices.net;SharedAccessKeyName=device;SharedAccessKey=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
[azure.field]
id_scope = "0ne00000000"
group_key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
)";

std::vector<errc> codes(const std::vector<config::fault>& faults) {
  std::vector<errc> out;
  for (const auto& fault : faults)
    out.push_back(fault.what.code());
  return out;
}

TEST(wiring, turns_a_good_configuration_into_sections_and_rules) {
  const auto settings = parse(good + R"(
[[application]]
id = "app-one"
azure = "plant"
events = ["uplink", "downlink", "join"]
[[application]]
id = "app-two"
azure = "field"
enabled_by_default = false
)");
  EXPECT_TRUE(check_configuration(settings).faults.empty());
  const auto sections = make_sections(settings);
  ASSERT_TRUE(sections);
  ASSERT_EQ(sections->size(), 2u);
  const auto rules = make_rules(settings);
  EXPECT_TRUE(rules[0].events.test(static_cast<std::size_t>(model::event_kind::uplink)));
  EXPECT_TRUE(rules[0].events.test(static_cast<std::size_t>(model::event_kind::join_accept)));
  EXPECT_FALSE(rules[0].events.test(static_cast<std::size_t>(model::event_kind::downlink_ack)));
  EXPECT_TRUE(rules[0].enabled_by_default);
  EXPECT_FALSE(rules[0].commands) << "without a key nothing could be pushed";
  EXPECT_FALSE(rules[0].follows_registry);
  EXPECT_FALSE(rules[1].enabled_by_default);
  EXPECT_TRUE(rules[1].events.test(static_cast<std::size_t>(model::event_kind::uplink)));
  EXPECT_TRUE(make_registry_applications(settings).empty());
}

TEST(wiring, applications_with_an_api_key_follow_the_registry) {
  const auto settings = parse(good + R"(
[things_stack]
base_url = "https://eu1.example:8885"
ca_file = "/nonexistent/ca.pem"
[[application]]
id = "app-one"
azure = "plant"
commands = false
api_key = "NNSXS.ONE"
[[application]]
id = "app-two"
azure = "field"
)");
  EXPECT_EQ(codes(check_configuration(settings).faults), std::vector<errc>{errc::certificate_unusable});
  const auto rules = make_rules(settings);
  EXPECT_TRUE(rules[0].follows_registry);
  EXPECT_FALSE(rules[0].commands);
  EXPECT_FALSE(rules[1].follows_registry);
  const auto options = make_registry_options(settings);
  EXPECT_EQ(options.base_url, "https://eu1.example:8885");
  EXPECT_EQ(options.ca_file, "/nonexistent/ca.pem");
  const auto applications = make_registry_applications(settings);
  ASSERT_EQ(applications.size(), 1u);
  EXPECT_EQ(applications[0].id.str(), "app-one");
  EXPECT_TRUE(applications[0].api_key.equals("NNSXS.ONE"));
}

TEST(wiring, commands_are_ruled_as_the_application_says) {
  const auto settings = parse(good + R"(
[[application]]
id = "app-one"
azure = "plant"
[[application]]
id = "app-two"
azure = "field"
settle = "queued"
command_timeout = "90s"
max_downlinks = "10/24h"
[[application]]
id = "app-three"
azure = "field"
identity = "{application_id}.{device_id}"
settle = "acknowledged"
)");
  const auto rules = make_rules(settings);
  ASSERT_EQ(rules.size(), 3U);
  EXPECT_EQ(rules[0].settle_at, std::nullopt);
  EXPECT_EQ(rules[0].command_timeout, seconds{24 * 3600});
  EXPECT_FALSE(rules[0].max_downlinks);
  EXPECT_EQ(rules[1].settle_at, model::awaited_step::queued);
  EXPECT_EQ(rules[1].command_timeout, seconds{90});
  ASSERT_TRUE(rules[1].max_downlinks);
  EXPECT_EQ(rules[1].max_downlinks->count, 10U);
  EXPECT_EQ(rules[1].max_downlinks->within, seconds{24 * 3600});
  EXPECT_EQ(rules[2].settle_at, model::awaited_step::acknowledged);
}

TEST(wiring, a_basic_tier_has_no_commands_although_they_are_on_by_default) {
  const auto with = [](const std::string& tier) {
    return make_rules(parse(R"(
[things_stack]
base_url = "https://eu1.example"
[azure.plant]
connection_string = "HostName=h.azure-devices.net;SharedAccessKeyName=device;SharedAccessKey=AAECAw=="
tier = ")" + tier + R"("
[[application]]
id = "app-one"
azure = "plant"
api_key = "NNSXS.ONE"
webhook_password = "p"
)"))
        .at(0);
  };
  EXPECT_TRUE(with("S1").commands);
  EXPECT_FALSE(with("S1").twin);
  EXPECT_FALSE(with("B2").commands);
}

TEST(wiring, twins_are_ruled_as_the_application_says) {
  const auto rules = make_rules(parse(good + R"(
[things_stack]
base_url = "https://eu1.example"
[[application]]
id = "app-one"
azure = "plant"
api_key = "NNSXS.ONE"
twin = true
twin_first = "send"
[[application]]
id = "app-two"
azure = "plant"
twin = true
)"));
  EXPECT_TRUE(rules.at(0).twin);
  EXPECT_TRUE(rules.at(0).sends_first_desired);
  EXPECT_FALSE(rules.at(1).twin) << "without a key nothing could be pushed";
  EXPECT_FALSE(rules.at(1).sends_first_desired);
}

TEST(wiring, downlinks_go_to_the_cluster_of_the_traffic_with_the_keys_of_those_that_want_commands) {
  const auto settings = parse(good + R"(
[things_stack]
base_url = "https://eu1.example"
application_server_url = "https://nam1.example"
ca_file = "/nonexistent/ca.pem"
[[application]]
id = "app-one"
azure = "plant"
api_key = "NNSXS.ONE"
[[application]]
id = "app-two"
azure = "plant"
commands = false
api_key = "NNSXS.TWO"
[[application]]
id = "app-three"
azure = "field"
)");
  const auto options = make_downlink_options(settings);
  EXPECT_EQ(options.base_url, "https://nam1.example");
  EXPECT_EQ(options.ca_file, "/nonexistent/ca.pem");
  const auto applications = make_downlink_applications(settings);
  ASSERT_EQ(applications.size(), 1U);
  EXPECT_EQ(applications[0].id.str(), "app-one");
  EXPECT_TRUE(applications[0].api_key.equals("NNSXS.ONE"));
  EXPECT_EQ(make_registry_applications(settings).size(), 2U);
}

TEST(wiring, names_every_key_that_cannot_be_used) {
  const auto settings = parse(R"(
[state]
directory = "/tmp/none"
[webhook]
password = "pw"
[azure.plant]
connection_string = "HostName=h.azure-devices.net;SharedAccessKeyName=device;SharedAccessKey=not base64"
[azure.field]
id_scope = "0ne00000000"
group_key = "???"
ca_file = "/nonexistent/ca.pem"
[[application]]
id = "app-one"
azure = "plant"
[[application]]
id = "app-two"
azure = "field"
)");
  const auto faults = check_configuration(settings).faults;
  EXPECT_EQ(codes(faults),
            (std::vector<errc>{errc::key_not_base64, errc::certificate_unusable, errc::key_not_base64}))
      << faults.size();
}

// A10: it was a warning, or nothing, and one application took another's identity in Azure.
TEST(wiring, refuses_templates_that_give_two_devices_one_name) {
  struct row {
    const char *one, *other; // the application's keys
    bool refused;
  };
  const std::string more = R"(
[azure.same]
connection_string = "HostName=H.device.azure-devices.net;SharedAccessKeyName=device;SharedAccessKey=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
[azure.again]
id_scope = "0NE00000000"
group_key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
[things_stack]
base_url = "https://stack.example"
)";
  const row rows[] = {
      {"id = 'plant'\nazure = 'plant'", "id = 'plant-a'\nazure = 'plant'", true},
      {"id = 'plant'\nazure = 'plant'", "id = 'plant-a'\nazure = 'field'", false},
      {"id = 'plant'\nazure = 'plant'", "id = 'plant-a'\nazure = 'same'", true},
      {"id = 'plant'\nazure = 'field'", "id = 'plant-a'\nazure = 'again'", true},
      {"id = 'plant'\nazure = 'plant'\nidentity = '{application_id}-{device_id}'",
       "id = 'plant-a'\nazure = 'plant'\nidentity = '{application_id}-{device_id}'", true},
      {"id = 'plant'\nazure = 'plant'\nidentity = '{application_id}.{device_id}'",
       "id = 'plant-a'\nazure = 'plant'\nidentity = '{application_id}.{device_id}'", false},
      {"id = 'plant'\nazure = 'plant'\nidentity = '{dev_eui}'",
       "id = 'plant-a'\nazure = 'plant'\nidentity = '{dev_eui}'", true},
      {"id = 'plant'\nazure = 'plant'\nidentity = '{dev_eui}'\napi_key = 'k'",
       "id = 'plant-a'\nazure = 'plant'\nidentity = '{dev_eui}'\napi_key = 'k'", false},
      {"id = 'plant'\nazure = 'plant'\nidentity = '{dev_eui}'\napi_key = 'k'",
       "id = 'plant-a'\nazure = 'plant'\nidentity = '{dev_eui}'", true},
      {"id = 'plant'\nazure = 'plant'\nidentity = 'P{device_id}'", "id = 'plant-a'\nazure = 'same'", false},
      {"id = 'plant'\nazure = 'field'\nidentity = 'P{device_id}'", "id = 'plant-a'\nazure = 'again'", true},
  };
  for (const auto& one : rows) {
    const auto settings =
        parse(good + more + "[[application]]\n" + one.one + "\n[[application]]\n" + one.other + "\n");
    const auto faults = check_configuration(settings).faults;
    ASSERT_EQ(faults.size(), one.refused ? 1u : 0u) << one.one << "\n" << one.other;
    if (!one.refused) continue;
    EXPECT_EQ(faults[0].what.code(), errc::config_invalid_value);
    EXPECT_NE(faults[0].what.detail().find("plant-a"), std::string::npos);
    EXPECT_NE(faults[0].what.detail().find("{application_id}.{device_id}"), std::string::npos);
  }
}

TEST(wiring, a_socket_path_that_run_would_refuse_is_a_fault) {
  const auto text = [](const std::string& directory, const std::string& admin) {
    auto all = good + "[[application]]\nid = \"app-one\"\nazure = \"plant\"\n" + admin;
    return all.replace(all.find("/tmp/none"), 9, directory);
  };
  const auto directory_of = [](std::size_t bytes) { return "/" + std::string(bytes - 1, 'd'); };
  const std::size_t name = std::string_view{"/admin.sock"}.size();
  EXPECT_TRUE(check_configuration(parse(text(directory_of(107 - name), ""))).faults.empty());
  const auto faults = check_configuration(parse(text(directory_of(108 - name), ""))).faults;
  ASSERT_EQ(codes(faults), std::vector{errc::config_invalid_value});
  EXPECT_NE(faults[0].what.detail().find("admin.socket: /dd"), std::string::npos);
  EXPECT_NE(faults[0].what.detail().find("108 bytes"), std::string::npos);
  // The way out.
  EXPECT_TRUE(check_configuration(parse(text(directory_of(200), "[admin]\nsocket = \"/run/a.sock\"\n")))
                  .faults.empty());
}

TEST(wiring, sends_spans_where_the_configuration_says) {
  const auto text = good + R"(
[[application]]
id = "app-one"
azure = "plant"
)";
  EXPECT_TRUE(make_exporters(parse(text).telemetry)->empty());
  const auto both = make_exporters(parse(text + R"(
[telemetry]
otlp_endpoint = "http://localhost:4318"
application_insights_connection_string = "InstrumentationKey=ab;IngestionEndpoint=https://x.example/"
)")
                                       .telemetry);
  ASSERT_TRUE(both);
  ASSERT_EQ(both->size(), 2U);
  EXPECT_EQ((*both)[0].url, "http://localhost:4318/v1/traces");
  EXPECT_EQ((*both)[1].url, "https://x.example/v2/track");

  const auto faults = check_configuration(parse(text + R"(
[telemetry]
application_insights_connection_string = "IngestionEndpoint=https://x.example/"
)"))
                          .faults;
  ASSERT_EQ(codes(faults), std::vector{errc::connection_string_malformed});
  EXPECT_NE(faults[0].what.detail().find("InstrumentationKey"), std::string::npos);
}

} // namespace
} // namespace causeway::app
