// SPDX-License-Identifier: Apache-2.0
#include "config/loader.h"

#include "config/fake_secrets.h"
#include "config/key_table.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace causeway::config {
namespace {

constexpr std::string_view smallest = R"([webhook]
password_env = "WEBHOOK"

[azure.plant]
connection_string_env = "PLANT"

[[application]]
id = "meters"
azure = "plant"
)";

class loader_test : public testing::Test {
protected:
  loader_test() { secrets_.variables = {{"WEBHOOK", "hush"}, {"PLANT", "HostName=h"}, {"KEY", "AAEC"}}; }

  config_report read(std::string_view text) { return parse(text, "/etc/causeway/c.toml", secrets_); }
  std::vector<std::string> faults_of(std::string_view text) {
    std::vector<std::string> lines;
    const auto report = read(text);
    for (const auto& one : report.faults)
      lines.push_back(report.format(one));
    EXPECT_EQ(report.value.has_value(), lines.empty());
    return lines;
  }
  void expect_fault(std::string_view text, errc code, place at, std::string_view words) {
    const auto report = read(text);
    ASSERT_EQ(report.faults.size(), 1u) << text << testing::PrintToString(faults_of(text));
    const auto& [where, what] = report.faults.front();
    EXPECT_EQ(what.code(), code) << what.message();
    EXPECT_EQ(where, at) << report.format(report.faults.front());
    EXPECT_NE(what.detail().find(words), std::string::npos) << what.detail();
    EXPECT_FALSE(report.value);
  }
  std::string with(std::string_view extra) { return std::string{smallest} + std::string{extra}; }

  fake_secrets secrets_;
};

TEST_F(loader_test, the_smallest_configuration_has_the_defaults_of_the_key_table) {
  const auto report = read(smallest);
  ASSERT_TRUE(report.value) << testing::PrintToString(faults_of(smallest));
  const auto& all = *report.value;
  EXPECT_EQ(all.state.directory, "/var/lib/causeway");
  EXPECT_EQ(all.webhook.listen, "127.0.0.1:8080");
  EXPECT_FALSE(all.webhook.tls());
  ASSERT_EQ(all.azure.size(), 1u);
  const auto& plant = all.azure_of(azure_name{"plant"});
  EXPECT_EQ(plant.connection_string->reveal(), "HostName=h");
  EXPECT_EQ(plant.tier, "S1");
  EXPECT_EQ(plant.units, 1u);
  EXPECT_FALSE(plant.dps);
  ASSERT_EQ(all.applications.size(), 1u);
  const auto& meters = all.applications[0];
  EXPECT_EQ(meters.id.str(), "meters");
  EXPECT_EQ(meters.webhook_username, "tts");
  EXPECT_EQ(meters.webhook_password.reveal(), "hush");
  EXPECT_TRUE(meters.enabled_by_default);
  EXPECT_EQ(meters.identity, "{device_id}");
  EXPECT_EQ(meters.format, message_format::flat);
  EXPECT_FALSE(meters.transform);
  EXPECT_EQ(meters.events, (std::vector<std::string>{"uplink"}));
  EXPECT_EQ(meters.ingress, (std::vector<std::string>{"webhook"}));
  EXPECT_EQ(all.admin.listen, "127.0.0.1:9464");
  EXPECT_EQ(all.log.level, log::level::info);
  EXPECT_EQ(all.spool.max_bytes, 4ULL << 30);
  EXPECT_EQ(all.spool.max_messages, 10'000'000u);
  EXPECT_FALSE(all.spool.drop_oldest);
  EXPECT_EQ(all.spool.application_share, 50u);
  EXPECT_EQ(all.spool.max_age, std::nullopt);
  EXPECT_EQ(all.things_stack.storage_delay, seconds{300});
  EXPECT_TRUE(report.warnings.empty());
}

TEST_F(loader_test, the_example_is_read_without_fault_or_warning) {
  const std::filesystem::path file{std::string{CAUSEWAY_TEST_DATA} + "/../../config/causeway.example.toml"};
  for (const auto name :
       {"webhook", "plant-connection-string", "meter-17", "meter-18", "water-meters-api-key",
        "central-group-key", "water-meters-webhook", "offices-webhook"})
    secrets_.files[(file.parent_path() / "secrets" / name).string()] = name;
  secrets_.variables["FIELD_GROUP_KEY"] = "AAEC";
  const auto report = load(file, secrets_);
  for (const auto& one : report.faults)
    ADD_FAILURE() << report.format(one);
  for (const auto& one : report.warnings)
    ADD_FAILURE() << report.format(one);
  ASSERT_TRUE(report.value);
  const auto& all = *report.value;
  EXPECT_EQ(all.webhook.tls_key, file.parent_path() / "tls/privkey.pem");
  ASSERT_EQ(all.azure.size(), 3u);
  const auto& plant = all.azure_of(azure_name{"plant"});
  EXPECT_EQ(plant.units, 2u);
  ASSERT_EQ(plant.devices.size(), 1u);
  EXPECT_EQ(plant.devices[0].identity.str(), "meter-17");
  EXPECT_EQ(plant.devices[0].connection_string.reveal(), "meter-17");
  const auto& field = all.azure_of(azure_name{"field"});
  EXPECT_EQ(field.dps->endpoint, "global.azure-devices-provisioning.net");
  EXPECT_EQ(field.dps->group_key->reveal(), "AAEC");
  EXPECT_EQ(all.azure_of(azure_name{"central"}).kind, azure_kind::iot_central);
  ASSERT_EQ(all.applications.size(), 3u);
  EXPECT_EQ(all.applications[0].webhook_password.reveal(), "water-meters-webhook");
  ASSERT_EQ(all.applications[0].named_commands.size(), 1u);
  EXPECT_EQ(all.applications[0].named_commands[0].payload, R"({"value_1":1})");
  EXPECT_EQ(all.applications[1].webhook_password.reveal(), "webhook");
  EXPECT_EQ(all.applications[2].webhook_username, "offices");
}

TEST_F(loader_test, the_example_shows_every_section) {
  std::ifstream in{std::string{CAUSEWAY_TEST_DATA} + "/../../config/causeway.example.toml"};
  std::stringstream text;
  text << in.rdbuf();
  for (const auto& key : keys())
    EXPECT_NE(text.str().find(key.name), std::string::npos) << key.name;
}

TEST_F(loader_test, five_faults_are_reported_at_once_with_line_and_column) {
  const auto faults = faults_of(R"([webhook]
lisen = "0.0.0.0:8443"
password_env = "WEBHOOK"

[azure.plant]
connection_string_file = "secrets/missing"
units = "two"

[[application]]
id = "meters"
azure = "plnt"
identity = "{deviceid}"
)");
  ASSERT_EQ(faults.size(), 5u) << testing::PrintToString(faults);
  EXPECT_EQ(
      faults[0],
      "/etc/causeway/c.toml:2:1: config_unknown_key: the configuration has a key that Causeway does not "
      "know: \"lisen\" in [webhook]; did you mean \"listen\"?");
  EXPECT_TRUE(faults[1].starts_with("/etc/causeway/c.toml:6:26: secret_unreadable: "));
  EXPECT_NE(faults[1].find("connection_string_file in [azure.plant]: /etc/causeway/secrets/missing: No such"),
            std::string::npos);
  EXPECT_TRUE(faults[2].starts_with("/etc/causeway/c.toml:7:9: config_invalid_value: "));
  EXPECT_NE(faults[2].find("units in [azure.plant] is text, not an integer"), std::string::npos);
  EXPECT_TRUE(faults[3].starts_with("/etc/causeway/c.toml:11:9: config_invalid_value: "));
  EXPECT_NE(faults[3].find("there is no [azure.plnt]; did you mean \"plant\"?"), std::string::npos);
  EXPECT_TRUE(faults[4].starts_with("/etc/causeway/c.toml:12:12: config_invalid_value: "));
  EXPECT_NE(faults[4].find("the placeholder {deviceid} is not known"), std::string::npos);
}

TEST_F(loader_test, an_unknown_key_names_the_nearest_and_is_one_fault) {
  expect_fault(R"([webhook]
password_env = "WEBHOOK"
[azure.field]
id_scpoe = "0ne"
group_key_env = "KEY"
[[application]]
id = "meters"
azure = "field"
)",
               errc::config_unknown_key, {4, 1}, R"("id_scpoe" in [azure.field]; did you mean "id_scope"?)");
  expect_fault(with("temperature = 5\n"), errc::config_unknown_key, {10, 1},
               "\"temperature\" in [[application]]; this section has id, ");
  expect_fault(with("[alarms]\nmail = \"x\"\n"), errc::config_unknown_key, {10, 2}, "\"alarms\"");
  expect_fault(with("[logg]\n"), errc::config_unknown_key, {10, 2}, "did you mean \"log\"?");
}

TEST_F(loader_test, what_is_not_toml_has_a_place) {
  const auto report = read("[webhook]\nlisten = \n");
  ASSERT_EQ(report.faults.size(), 1u);
  EXPECT_EQ(report.faults[0].what.code(), errc::config_syntax);
  EXPECT_EQ(report.faults[0].at.line, 2u);
  EXPECT_FALSE(report.faults[0].what.detail().empty());
  EXPECT_EQ(read("a = 1\na = 2\n").faults[0].what.code(), errc::config_syntax);
  EXPECT_EQ(read("\xff\xfe").faults[0].what.code(), errc::config_syntax);
}

TEST_F(loader_test, an_empty_file_says_what_is_missing) {
  expect_fault("", errc::config_missing_key, {1, 1}, "[[application]]");
}

TEST_F(loader_test, a_missing_file_is_named) {
  for (const auto file : {"/nonexistent/c.toml", "/"}) {
    const auto report = load(file);
    ASSERT_EQ(report.faults.size(), 1u);
    EXPECT_EQ(report.faults[0].what.code(), errc::config_unreadable);
    EXPECT_TRUE(report.faults[0].what.detail().starts_with(std::string{file} + ": "));
  }
}

TEST_F(loader_test, a_secret_comes_from_a_file_a_variable_or_the_text) {
  secrets_.files["/etc/causeway/s/own"] = "from the file\r\n";
  secrets_.files["/abs"] = "absolute";
  const std::tuple<std::string_view, std::string_view, std::size_t> cases[] = {
      {"webhook_password_file = \"s/own\"\n", "from the file", 0},
      {"webhook_password_file = \"/abs\"\n", "absolute", 0},
      {"webhook_password_env = \"KEY\"\n", "AAEC", 0},
      {"webhook_password = \"inline\"\n", "inline", 1},
      {"", "hush", 0},
  };
  for (const auto& [line, expected, warnings] : cases) {
    const auto report = read(with(line));
    ASSERT_TRUE(report.value) << line;
    EXPECT_EQ(report.value->applications[0].webhook_password.reveal(), expected);
    ASSERT_EQ(report.warnings.size(), warnings) << line;
    if (warnings > 0) {
      EXPECT_EQ(report.warnings[0].at, (place{10, 20}));
      EXPECT_EQ(report.format(report.warnings[0]).find("inline\""), std::string::npos);
    }
  }
}

TEST_F(loader_test, a_file_that_others_can_read_is_warned_of) {
  secrets_.files["/abs"] = "hush";
  secrets_.readable_by_others.insert("/abs");
  const auto report = read(with("webhook_password_file = \"/abs\"\n"));
  ASSERT_EQ(report.warnings.size(), 1u);
  EXPECT_NE(report.warnings[0].text.find("others can read /abs"), std::string::npos);
  EXPECT_TRUE(report.value);
}

TEST_F(loader_test, a_secret_that_cannot_be_had_is_a_fault) {
  secrets_.files["/empty"] = "\n";
  expect_fault(with("webhook_password_file = \"/none\"\n"), errc::secret_unreadable, {10, 25},
               "/none: No such file");
  // Its second line went out as a header of its own.
  secrets_.files["/two"] = "NNSXS.ONE\nX-Another: header\n";
  const auto two = faults_of(with("webhook_password_env = \"KEY\"\napi_key_file = \"/two\"\n"));
  EXPECT_NE(testing::PrintToString(two).find("line end inside"), std::string::npos);
  expect_fault(with("webhook_password_file = \"/empty\"\n"), errc::secret_unreadable, {10, 25},
               "the secret is empty");
  expect_fault(with("webhook_password_env = \"NONE\"\n"), errc::secret_unreadable, {10, 24},
               "\"NONE\" is not set");
  expect_fault(with("webhook_password = \"\"\n"), errc::config_invalid_value, {10, 20},
               "the secret is empty");
  // A password where its file's name belongs.
  for (const auto* word : {"Tiger-Lake-morning-7", "Winter2026!", "tr0ub4dor&3"}) {
    expect_fault(with("webhook_password_file = \"" + std::string{word} + "\"\n"), errc::secret_unreadable,
                 {10, 25}, "no file of this name (which is not shown here");
    expect_fault(with("webhook_password_env = \"" + std::string{word} + "\"\n"), errc::secret_unreadable,
                 {10, 24}, "no environment variable of this name (which is not shown here");
  }
  expect_fault(with("webhook_password_env = \"KEY\"\nwebhook_password_file = \"/abs\"\n"),
               errc::config_invalid_value, {10, 1}, "is there already; keep one");
  expect_fault(with("webhook_password_file = 5\n"), errc::config_invalid_value, {10, 25},
               "an integer, not text");
}

TEST_F(loader_test, messages_are_made_by_a_format_or_a_transform) {
  const auto things_stack = read(with("format = \"things-stack\"\n"));
  EXPECT_EQ(things_stack.value->applications[0].format, message_format::things_stack);
  const auto devmobile = read(with("format = \"devmobile\"\n"));
  EXPECT_EQ(devmobile.value->applications[0].format, message_format::devmobile);

  const auto in_place = read(with("transform = \".a\"\n"));
  ASSERT_TRUE(in_place.value);
  const auto& transform = in_place.value->applications[0].transform;
  ASSERT_TRUE(transform);
  EXPECT_EQ(transform->program, ".a");
  EXPECT_EQ(transform->source, "transform");
  EXPECT_EQ(transform->at, (place{10, 13}));
  EXPECT_FALSE(transform->envelope);
  EXPECT_TRUE(read(with("transform = \".a\"\ntransform_output = \"envelope\"\n"))
                  .value->applications[0]
                  .transform->envelope);

  const auto file = std::string{CAUSEWAY_TEST_DATA} + "/transforms/measurements.jq";
  const auto in_file = read(with("transform_file = \"" + file + "\"\n"));
  ASSERT_TRUE(in_file.value);
  EXPECT_NE(in_file.value->applications[0].transform->program.find("decoded_payload"), std::string::npos);
  EXPECT_EQ(in_file.value->applications[0].transform->source, "transform_file " + file);
}

struct bad_value {
  std::string_view extra;
  place at;
  errc code;
  std::string_view words;
};

TEST_F(loader_test, each_bad_value_has_its_own_words) {
  const bad_value cases[] = {
      {"format = \"devmobil\"\n", {10, 10}, errc::config_invalid_value, "this version has \"flat\""},
      {"transform = \".\\u0000\"\n", {10, 13}, errc::config_invalid_value, "null character"},
      {"transform_output = \"envelope\"\n", {10, 20}, errc::config_invalid_value, "there is no transform"},
      {"transform = 1\n", {10, 13}, errc::config_invalid_value, "not text"},
      {"transform_file = \"/none.jq\"\n", {10, 18}, errc::config_invalid_value, "/none.jq: No such file"},
      {"transform = \".\"\ntransform_file = \"/none.jq\"\n",
       {11, 18},
       errc::config_invalid_value,
       "transform is there already"},
      {"format = \"flat\"\ntransform = \".\"\n",
       {10, 10},
       errc::config_invalid_value,
       "transform makes the messages; keep one"},
      {"ingress = [\"webhook\", \"http\"]\n", {10, 23}, errc::config_invalid_value, "\"http\""},
      {"ingress = [\"mqtt\"]\nmqtt_key_env = \"KEY\"\n",
       {10, 11},
       errc::config_invalid_value,
       "needs base_url or mqtt_address"},
      {"ingress = [\"mqtt\"]\n[things_stack]\nmqtt_address = \"mqtts://h\"\n",
       {7, 1},
       errc::config_missing_key,
       "MQTT needs it"},
      {"ingress = []\n", {10, 11}, errc::config_invalid_value, "is empty"},
      {"events = [\"uplinks\"]\n", {10, 11}, errc::config_invalid_value, "\"uplinks\""},
      {"events = \"uplink\"\n", {10, 10}, errc::config_invalid_value, "is text, not a list of texts"},
      {"events = [1]\n", {10, 11}, errc::config_invalid_value, "an integer among its texts"},
      {"enabled_by_default = \"yes\"\n", {10, 22}, errc::config_invalid_value, "not true or false"},
      {"identity = \"fixed\"\n", {10, 12}, errc::config_invalid_value, "needs {device_id} or {dev_eui}"},
      {"identity = \"{device_id\"\n", {10, 12}, errc::config_invalid_value, "closing brace"},
      {"identity = \"{device_id}/x\"\n", {10, 12}, errc::config_invalid_value, "\"/\""},
      {"backfill = true\n", {10, 12}, errc::config_invalid_value, "needs an api_key"},
      {"[things_stack]\napplication_server_url = \"eu1\"\n",
       {11, 26},
       errc::config_invalid_value,
       "not a URL"},
      {"webhook_username = \"a:b\"\n", {10, 20}, errc::config_invalid_value, "colon"},
      {"[[application]]\nid = \"meters\"\nazure = \"plant\"\nidentity = \"{application_id}{dev_eui}\"\n",
       {11, 6},
       errc::config_invalid_value,
       "configured already in line 8"},
      {"[[application]]\nid = \"Bad Id\"\nazure = \"plant\"\n",
       {11, 6},
       errc::config_invalid_value,
       "Bad Id"},
      {"[[application]]\nazure = \"plant\"\n", {10, 1}, errc::config_missing_key, "id in [[application]]"},
      {"[[application]]\nid = \"abc\"\n", {10, 1}, errc::config_missing_key, "azure in [[application]]"},
      {"[admin]\nlisten = \"9464\"\n", {11, 10}, errc::config_invalid_value, "\"9464\" is not an address"},
      {"[log]\nlevel = \"loud\"\n", {11, 9}, errc::config_invalid_value, "\"debug\", \"info\""},
      {"[spool]\nmax_bytes = \"4 GB\"\n",
       {11, 13},
       errc::config_invalid_value,
       "\"4 GB\" is not a number of bytes"},
      {"[spool]\nmax_messages = 0\n", {11, 16}, errc::config_invalid_value, "from 1 to"},
      {"[spool]\nmax_messages = -1\n", {11, 16}, errc::config_invalid_value, "from 1 to"},
      {"[spool]\nwhen_full = \"drop\"\n", {11, 13}, errc::config_invalid_value, "\"drop-oldest\""},
      {"[spool]\napplication_share = 101\n", {11, 21}, errc::config_invalid_value, "from 1 to 100"},
      {"[spool]\nmax_age = 72\n", {11, 11}, errc::config_invalid_value, "such as \"90s\""},
      {"[spool]\nmax_age = \"0h\"\n", {11, 11}, errc::config_invalid_value, "\"0h\" is not a duration"},
      {"[azure.two]\n", {10, 8}, errc::config_missing_key, "connection_string in [azure.two]"},
      {"[azure.two]\nid_scope = \"0ne\"\n", {10, 8}, errc::config_missing_key, "group_key in [azure.two]"},
      {"[azure.two]\ngroup_key_env = \"KEY\"\n",
       {10, 8},
       errc::config_missing_key,
       "id_scope in [azure.two]"},
      {"[azure.two]\nconnection_string_env = \"PLANT\"\nid_scope = \"0ne\"\n",
       {12, 12},
       errc::config_invalid_value,
       "make it two sections"},
      {"[azure.two]\nkind = \"iot-central\"\nconnection_string_env = \"PLANT\"\n",
       {11, 8},
       errc::config_invalid_value,
       "through DPS"},
      {"[azure.two]\nkind = \"iot-central\"\nid_scope = \"0ne\"\ngroup_key_env = \"KEY\"\ntier = \"S1\"\n",
       {14, 8},
       errc::config_invalid_value,
       "quotas of its own"},
      {"[azure.two]\nid_scope = \"0ne\"\ngroup_key_env = \"KEY\"\ndps_endpoint = \"https://h\"\n",
       {13, 16},
       errc::config_invalid_value,
       "not a host name"},
      {"[azure.two.devices]\nd1 = \"x\"\n", {11, 6}, errc::config_invalid_value, "{ connection_string_file"},
      {"[azure.two.devices]\nd1 = { }\n", {11, 1}, errc::config_missing_key, "connection_string in"},
      {"[azure.two.devices]\nd1 = { key = \"x\", connection_string_env = \"PLANT\" }\n",
       {11, 14},
       errc::config_invalid_value,
       "here a device has a connection_string"},
      {"[azure.two.devices]\nd1 = { kee = \"x\", connection_string_env = \"PLANT\" }\n",
       {11, 8},
       errc::config_unknown_key,
       "did you mean \"key\""},
      {"[azure.two]\nid_scope = \"0ne\"\n[azure.two.devices]\nd1 = { connection_string_env = \"PLANT\" }\n",
       {13, 32},
       errc::config_invalid_value,
       "an individual enrolment has a key"},
      {"[azure.two]\nconnection_string_env = \"PLANT\"\nregistrations_per_minute = 5\n",
       {12, 28},
       errc::config_invalid_value,
       "is for DPS"},
      {"[azure.two]\nconnection_string_env = \"PLANT\"\nconnects_per_second = 99999999\n",
       {12, 23},
       errc::config_invalid_value,
       "from 1 to 1000000"},
      {"api_key_env = \"KEY\"\n", {10, 15}, errc::config_invalid_value, "needs base_url"},
      {"[things_stack]\nbase_url = \"eu1\"\n", {11, 12}, errc::config_invalid_value, "is not a URL"},
      {"[things_stack]\nmqtt_address = \"eu1:8883\"\n",
       {11, 16},
       errc::config_invalid_value,
       "such as mqtts://host:8883"},
      {"[things_stack]\nmqtt_address = \"mqtts://eu1:0\"\n", {11, 16}, errc::config_invalid_value, "such as"},
      {"[things_stack]\ntenant = \"Acme\"\n", {11, 10}, errc::config_invalid_value, "not a tenant's id"},
      {"[telemetry]\notlp_endpoint = \"http://a b\"\n", {11, 17}, errc::config_invalid_value, "is not a URL"},
      {"[azure.\"a b\"]\nconnection_string_env = \"PLANT\"\n",
       {10, 8},
       errc::config_invalid_value,
       "letters, digits"},
  };
  for (const auto& [extra, at, code, words] : cases)
    expect_fault(with(extra), code, at, words);
}

TEST_F(loader_test, the_fleet_is_described_by_registry_budgets_and_individual_keys) {
  const auto report = read(R"([things_stack]
base_url = "https://stack.example:8885/"
[webhook]
password_env = "WEBHOOK"
[azure.field]
id_scope = "0ne"
registrations_per_minute = 200
connects_per_second = 50
twin_reads_per_second = 7
[azure.field.devices]
d1 = { key_env = "KEY" }
[[application]]
id = "meters"
azure = "field"
api_key_env = "KEY"
commands = false
[admin]
socket = "run/admin.sock"
[telemetry]
otlp_endpoint = "http://localhost:4318"
)");
  ASSERT_TRUE(report.value) << report.format(report.faults.front());
  EXPECT_EQ(report.value->things_stack.base_url, "https://stack.example:8885");
  const auto& field = report.value->azure.front();
  EXPECT_EQ(field.registrations_per_minute, 200u);
  EXPECT_EQ(field.connects_per_second, 50u);
  EXPECT_FALSE(field.sends_per_second);
  EXPECT_EQ(field.twin_reads_per_second, 7u);
  EXPECT_FALSE(field.twin_updates_per_second);
  EXPECT_FALSE(field.dps->group_key);
  ASSERT_EQ(field.devices.size(), 1u);
  EXPECT_FALSE(field.devices.front().key.empty());
  EXPECT_TRUE(report.value->applications.front().api_key);
  EXPECT_FALSE(report.value->applications.front().commands);
  EXPECT_EQ(report.value->admin.socket.filename(), "admin.sock");
  EXPECT_EQ(report.value->telemetry.otlp_endpoint, "http://localhost:4318");
}

TEST_F(loader_test, mqtt_is_at_the_stacks_own_host_unless_said_otherwise) {
  const auto settings = [&](const std::string& stack) {
    return read("[things_stack]\n" + stack + R"(
[azure.plant]
connection_string_env = "PLANT"
[[application]]
id = "meters"
azure = "plant"
ingress = ["mqtt"]
api_key_env = "KEY"
[[application]]
id = "sensors"
azure = "plant"
identity = "{application_id}-{device_id}"
ingress = ["mqtt", "webhook"]
webhook_password_env = "WEBHOOK"
mqtt_key_env = "WEBHOOK"
)");
  };
  const auto by_url = settings("base_url = \"https://eu1.example:8885\"\ntenant = \"acme\"");
  ASSERT_TRUE(by_url.value) << by_url.format(by_url.faults.front());
  EXPECT_EQ(by_url.value->things_stack.tenant, "acme");
  EXPECT_EQ(settings("base_url = \"https://h\"\nstorage_delay = \"90s\"").value->things_stack.storage_delay,
            seconds{90});
  const auto& server = *by_url.value->things_stack.mqtt;
  EXPECT_EQ(server.host, "eu1.example");
  EXPECT_EQ(server.port, 8883);
  EXPECT_TRUE(server.tls);
  const auto& applications = by_url.value->applications;
  EXPECT_TRUE(applications[0].takes("mqtt") && !applications[0].takes("webhook"));
  EXPECT_TRUE(applications[0].webhook_password.empty());
  EXPECT_EQ(applications[0].mqtt_key->reveal(), applications[0].api_key->reveal());
  EXPECT_EQ(applications[1].mqtt_key->reveal(), applications[1].webhook_password.reveal());

  const struct {
    const char *address, *host;
    int port;
    bool tls, warns;
  } addresses[] = {{"mqtts://mqtt.example", "mqtt.example", 8883, true, false},
                   {"mqtt://127.0.0.1:1999", "127.0.0.1", 1999, false, false},
                   {"mqtt://mqtt.example", "mqtt.example", 1883, false, true},
                   {"mqtts://[::1]:8884", "[::1]", 8884, true, false}};
  for (const auto& [address, host, port, tls, warns] : addresses) {
    const auto report =
        settings("base_url = \"https://[::2]\"\nmqtt_address = \"" + std::string{address} + "\"");
    ASSERT_TRUE(report.value) << address;
    const auto& found = *report.value->things_stack.mqtt;
    EXPECT_EQ(found.host, host);
    EXPECT_EQ(found.port, port);
    EXPECT_EQ(found.tls, tls);
    EXPECT_EQ(!report.warnings.empty(), warns) << address;
  }
  EXPECT_EQ(settings("base_url = \"https://[::2]:443\"").value->things_stack.mqtt->host, "[::2]");
}

TEST_F(loader_test, tables_in_the_wrong_shape_are_faults) {
  expect_fault(
      "webhook = 5\n[azure.plant]\nconnection_string_env = \"PLANT\"\n[[application]]\nid = \"meters\"\n"
      "azure = \"plant\"\nwebhook_password_env = \"WEBHOOK\"\n",
      errc::config_invalid_value, {1, 1}, "write [webhook]");
  expect_fault("[application]\nid = \"meters\"\n", errc::config_invalid_value, {1, 2},
               "write [[application]]");
  const auto faults = faults_of(with("[azure]\nconnection_string = \"x\"\n"));
  ASSERT_EQ(faults.size(), 1u);
  EXPECT_NE(faults[0].find("write [azure.NAME]"), std::string::npos) << faults[0];
}

TEST_F(loader_test, an_application_without_a_password_is_a_fault) {
  expect_fault("[azure.plant]\nconnection_string_env = \"PLANT\"\n[[application]]\nid = \"meters\"\nazure = "
               "\"plant\"\n",
               errc::config_missing_key, {3, 1}, "webhook_password in [[application]]");
}

TEST_F(loader_test, a_certificate_needs_its_key) {
  expect_fault("[webhook]\npassword_env = \"WEBHOOK\"\ntls_certificate = \"c.pem\"\n[azure.plant]\n"
               "connection_string_env = \"PLANT\"\n[[application]]\nid = \"meters\"\nazure = \"plant\"\n",
               errc::config_invalid_value, {3, 19}, "tls_key must be there too");
}

TEST_F(loader_test, a_secret_as_windows_saves_it_is_refused_by_name) {
  secrets_.files["/bom"] = "\xef\xbb\xbfhush";
  secrets_.files["/utf16"] = std::string{"\xff\xfeh\0", 4};
  expect_fault(with("webhook_password_file = \"/bom\"\n"), errc::secret_unreadable, {10, 25},
               "byte order mark");
  expect_fault(with("webhook_password_file = \"/utf16\"\n"), errc::secret_unreadable, {10, 25}, "UTF-16");
  expect_fault(with("webhook_password = \"\\uFEFFhush\"\n"), errc::config_invalid_value, {10, 20},
               "byte order mark");
}

TEST_F(loader_test, what_is_good_in_a_file_with_faults_is_there_for_later_stages) {
  auto report = read(with("[spool]\nmax_messages = 0\n"));
  EXPECT_FALSE(report.value);
  ASSERT_TRUE(report.draft);
  EXPECT_EQ(report.draft->applications.front().id.str(), "meters");
  EXPECT_EQ(report.draft->places.of("azure.plant", "connection_string"), (place{5, 25}));
  EXPECT_TRUE(report.draft->places.has("application.0", "azure"));
  EXPECT_FALSE(report.draft->places.has("application.0", "commands"));
  EXPECT_EQ(report.draft->places.of("application.0", "commands"), (place{7, 1}));
  findings later;
  later.refuse({11, 16}, error{errc::internal, "the value that is refused already"});
  later.refuse({5, 25}, error{errc::internal, "another"});
  later.warn({1, 1}, "SharedAccessKey=x");
  report.add(std::move(later));
  ASSERT_EQ(report.faults.size(), 2u);
  EXPECT_EQ(report.faults[0].at, (place{5, 25}));
  EXPECT_EQ(report.lines().front(), "/etc/causeway/c.toml:1:1: warning: SharedAccessKey=…");
}

TEST_F(loader_test, what_is_no_toml_has_no_draft) {
  EXPECT_FALSE(read("a b").readable());
}

TEST_F(loader_test, what_is_risky_is_warned_of) {
  const auto report = read(R"([webhook]
listen = "0.0.0.0:8080"
password_env = "WEBHOOK"
[azure.plant]
connection_string_env = "PLANT"
[azure.spare]
connection_string_env = "PLANT"
[[application]]
id = "meters"
azure = "plant"
[[application]]
id = "others"
azure = "plant"
)");
  ASSERT_TRUE(report.value);
  ASSERT_EQ(report.warnings.size(), 2u);
  EXPECT_EQ(report.warnings[0].at, (place{2, 10}));
  EXPECT_NE(report.warnings[0].text.find("plain HTTP"), std::string::npos);
  EXPECT_EQ(report.warnings[1].at, (place{6, 8}));
  EXPECT_NE(report.warnings[1].text.find("[azure.spare] is not used"), std::string::npos);
}

} // namespace
} // namespace causeway::config
