// SPDX-License-Identifier: Apache-2.0
// [commands], and what an application says of them.
#include "config/fake_secrets.h"
#include "config/loader.h"

#include <gtest/gtest.h>

namespace causeway::config {
namespace {

// Lines 1 to 8; the application goes on behind it.
constexpr std::string_view start = R"([things_stack]
base_url = "https://stack.example"
[azure.plant]
connection_string_env = "PLANT"
[[application]]
id = "meters"
azure = "plant"
webhook_password_env = "WEBHOOK"
)";
constexpr std::string_view with_key = "api_key_env = \"KEY\"\n"; // line 9

config_report read(std::string_view extra, std::string_view key = with_key) {
  fake_secrets secrets;
  secrets.variables = {{"WEBHOOK", "hush"}, {"PLANT", "HostName=h"}, {"KEY", "NNSXS.A.B"}};
  return parse(std::string{start}.append(key).append(extra), "c.toml", secrets);
}

std::string joined(const config_report& report) {
  std::string all;
  for (const auto& line : report.lines())
    all += line + "\n";
  return all;
}

application_settings application_of(std::string_view extra) {
  auto report = read(extra);
  EXPECT_TRUE(report.value) << extra << joined(report);
  EXPECT_TRUE(report.warnings.empty()) << joined(report);
  if (!report.value) return {};
  return std::move(report.value->applications.front());
}

TEST(commands, are_on_and_settled_when_stored_where_nothing_is_said) {
  auto report = read("");
  ASSERT_TRUE(report.value) << joined(report);
  const auto& one = report.value->applications.front();
  EXPECT_TRUE(one.commands);
  EXPECT_EQ(one.settle, settle_when::stored);
  EXPECT_EQ(one.command_timeout, seconds{24 * 3600});
  EXPECT_FALSE(one.max_downlinks);
  EXPECT_TRUE(one.named_commands.empty());
  const auto& all = report.value->commands;
  EXPECT_EQ(all.history, seconds{7 * 86'400});
  EXPECT_EQ(all.max_commands, 1'000'000U);
  EXPECT_EQ(all.share, 50U);
}

TEST(commands, come_from_twins_where_the_file_says_so) {
  EXPECT_FALSE(application_of("").twin);
  const auto one = application_of("twin = true\ntwin_first = \"send\"\n");
  EXPECT_TRUE(one.twin);
  EXPECT_TRUE(one.sends_first_twin);
  EXPECT_FALSE(application_of("twin = true\ntwin_first = \"mark\"\n").sends_first_twin);
  EXPECT_EQ(application_of("").twin_interval, seconds{3600});
  EXPECT_EQ(application_of("twin = true\ntwin_interval = \"1m\"\n").twin_interval, seconds{60});
  EXPECT_EQ(application_of("twin = true\ntwin_interval = \"never\"\n").twin_interval, std::nullopt);
  EXPECT_TRUE(application_of("twin = true\ntwin_decoded = true\n").twin_decoded);
  for (const auto* const bad : {"59s", "0s", "often", ""})
    EXPECT_EQ(read("twin = true\ntwin_interval = \"" + std::string{bad} + "\"\n").faults.size(), 1U) << bad;
  EXPECT_EQ(read("twin_first = \"send\"\n").warnings.size(), 1U) << "there is no twin to be first";
  EXPECT_EQ(read("twin = true\n", "").warnings.size(), 1U) << "without a key";
  EXPECT_EQ(read("twin = true\ncommands = false\n").warnings.size(), 1U);
}

TEST(commands, are_settled_limited_and_kept_as_the_file_says) {
  EXPECT_EQ(application_of("settle = \"stored\"\n").settle, settle_when::stored);
  EXPECT_EQ(application_of("settle = \"queued\"\n").settle, settle_when::queued);
  EXPECT_EQ(application_of("settle = \"acknowledged\"\n").settle, settle_when::acknowledged);
  EXPECT_EQ(application_of("command_timeout = \"1m\"\n").command_timeout, seconds{60});
  EXPECT_FALSE(application_of("max_downlinks = \"\"\n").max_downlinks);
  const auto brake = application_of("max_downlinks = \"10/24h\"\n").max_downlinks;
  ASSERT_TRUE(brake);
  EXPECT_EQ(brake->count, 10U);
  EXPECT_EQ(brake->within, seconds{24 * 3600});
  EXPECT_EQ(application_of("max_downlinks = \"1/1s\"\n").max_downlinks->within, seconds{1});

  const auto report = read("[commands]\nhistory = \"3d\"\nmax_commands = 100\nshare = 1\n");
  ASSERT_TRUE(report.value) << joined(report);
  EXPECT_EQ(report.value->commands.history, seconds{3 * 86'400});
  EXPECT_EQ(report.value->commands.max_commands, 100U);
  EXPECT_EQ(report.value->commands.share, 1U);
  const auto most = read("[commands]\nmax_commands = 10000000\nshare = 100\n");
  ASSERT_TRUE(most.value) << joined(most);
  EXPECT_EQ(most.value->commands.max_commands, 10'000'000U);
}

TEST(named_commands, have_a_port_and_what_the_file_says_in_its_order) {
  const auto named = application_of(R"([application.command.LightsGoOn]
port = 10
payload = { value_1 = 1 }
[application.command.Fan]
port = 223
confirmed = true
priority = 4
queue = "push"
[application.command."thermostat1*getMax.v-2_b"]
port = 1
priority = "BELOW_NORMAL"
payload = [ 1, "x" ]
)")
                         .named_commands;
  ASSERT_EQ(named.size(), 3U);
  EXPECT_EQ(named[0].name, "LightsGoOn");
  EXPECT_EQ(named[0].port, 10);
  EXPECT_FALSE(named[0].confirmed);
  EXPECT_EQ(named[0].priority, "normal");
  EXPECT_TRUE(named[0].replace);
  EXPECT_EQ(named[0].payload, R"({"value_1":1})");
  EXPECT_EQ(named[1].name, "Fan");
  EXPECT_EQ(named[1].port, 223);
  EXPECT_TRUE(named[1].confirmed);
  EXPECT_EQ(named[1].priority, "4");
  EXPECT_FALSE(named[1].replace);
  EXPECT_EQ(named[1].payload, "");
  EXPECT_EQ(named[2].name, "thermostat1*getMax.v-2_b");
  EXPECT_EQ(named[2].priority, "BELOW_NORMAL");
  EXPECT_EQ(named[2].payload, R"([1,"x"])");
}

TEST(named_commands, are_each_applications_own) {
  const auto report = read(R"([application.command.on]
port = 1
[[application]]
id = "others"
azure = "plant"
identity = "{application_id}.{device_id}"
webhook_password_env = "WEBHOOK"
api_key_env = "KEY"
[application.command.ON]
port = 2
)");
  ASSERT_TRUE(report.value) << joined(report);
  ASSERT_EQ(report.value->applications[0].named_commands.size(), 1U);
  ASSERT_EQ(report.value->applications[1].named_commands.size(), 1U);
  EXPECT_EQ(report.value->applications[1].named_commands[0].port, 2);
  EXPECT_EQ(report.value->places.of("application.1.command.ON", "port"), (place{19, 8}));
}

struct bad_value {
  std::string extra;
  place at;
  errc code;
  std::string words;
};

TEST(commands, each_bad_value_has_its_own_words) {
  const std::string on = "[application.command.on]\n"; // line 10
  const auto invalid = errc::config_invalid_value;
  const bad_value cases[] = {
      {"settle = \"sent\"\n", {10, 10}, invalid, R"(this version has "stored", "queued", "acknowledged")"},
      {"command_timeout = \"9s\"\n", {10, 19}, invalid, "must be at least \"10s\""},
      {"command_timeout = 60\n", {10, 19}, invalid, "is an integer, not a duration"},
      {"command_timeout = \"soon\"\n", {10, 19}, invalid, "\"soon\" is not a duration"},
      {"command_timout = \"1h\"\n", {10, 1}, errc::config_unknown_key, "did you mean \"command_timeout\"?"},
      {"max_downlinks = \"10\"\n", {10, 17}, invalid, "\"10\" is not a number of downlinks and a time"},
      {"max_downlinks = \"0/24h\"\n", {10, 17}, invalid, "such as \"10/24h\""},
      {"max_downlinks = \"/24h\"\n", {10, 17}, invalid, "such as"},
      {"max_downlinks = \"10/\"\n", {10, 17}, invalid, "such as"},
      {"max_downlinks = \"-1/24h\"\n", {10, 17}, invalid, "such as"},
      {"max_downlinks = \"10/1day\"\n", {10, 17}, invalid, "such as"},
      {"max_downlinks = \"4294967296/1h\"\n", {10, 17}, invalid, "such as"},
      {"max_downlinks = 10\n", {10, 17}, invalid, "is an integer, not text"},
      {"[commands]\nhistory = \"2d\"\n", {11, 11}, invalid, "history in [commands]: must be at least \"3d\""},
      {"[commands]\nmax_commands = 99\n", {11, 16}, invalid, "must be from 100 to 10000000"},
      {"[commands]\nmax_commands = 10000001\n", {11, 16}, invalid, "must be from 100 to 10000000"},
      {"[commands]\nshare = 0\n", {11, 9}, invalid, "must be from 1 to 100"},
      {"[commands]\nshare = 101\n", {11, 9}, invalid, "must be from 1 to 100"},
      {"[commands]\nhistroy = \"7d\"\n", {11, 1}, errc::config_unknown_key, "did you mean \"history\"?"},
      {"[command]\nhistory = \"7d\"\n", {10, 2}, errc::config_unknown_key, "did you mean \"commands\"?"},
      {on, {10, 22}, errc::config_missing_key, "port in [application.command.on]"},
      {on + "port = 0\n", {11, 8}, invalid, "port in [application.command.on]: must be from 1 to 223"},
      {on + "port = 224\n", {11, 8}, invalid, "must be from 1 to 223"},
      {on + "port = \"1\"\n", {11, 8}, invalid, "is text, not an integer"},
      {on + "port = 1.0\n", {11, 8}, invalid, "is a number with a fraction, not an integer"},
      {on + "prot = 1\n", {11, 1}, errc::config_unknown_key, "did you mean \"port\"?"},
      {on + "port = 1\nconfirmed = 1\n", {12, 13}, invalid, "not true or false"},
      {on + "port = 1\npriority = true\n", {12, 12}, invalid, "is true or false, not text or an integer"},
      {on + "port = 1\nqueue = \"insert\"\n", {12, 9}, invalid, R"(this version has "push", "replace")"},
      {on + "port = 1\npayload = 1\n", {12, 11}, invalid, "is an integer, not a table or a list"},
      {on + "port = 1\npayload = \"AQ==\"\n", {12, 11}, invalid, "is text, not a table or a list"},
      {on + "port = 1\npayload = { a = 2026-01-01 }\n", {12, 17}, invalid, "has a date or a time"},
      {on + "port = 1\npayload = [ inf ]\n", {12, 13}, invalid, "has inf or nan"},
      {on + "port = 1\n[application.command.ON]\nport = 2\n",
       {12, 22},
       invalid,
       "differs from \"on\" in line 10 by letter case alone"},
      {"[application.command.downlink]\nport = 1\n", {10, 22}, invalid, "Causeway has built in"},
      {"[application.command.DownLink]\nport = 1\n", {10, 22}, invalid, "Causeway has built in"},
      {"[application.command.\"a b\"]\nport = 1\n", {10, 22}, invalid, "letters, digits and - . _ *"},
      {"[application.command.\"\"]\nport = 1\n", {10, 22}, invalid, "1 to 256 characters"},
      {"[application.command." + std::string(257, 'a') + "]\nport = 1\n", {10, 22}, invalid, "1 to 256"},
      {"[application.command]\nport = 1\n",
       {11, 1},
       errc::config_unknown_key,
       "commands have names; write [application.command.NAME]"},
      {"[[application.command.on]]\nport = 1\n", {10, 23}, errc::config_unknown_key, "commands have names"},
      {"command = true\n", {10, 1}, invalid, "the key commands"},
      {"[application.comand.on]\nport = 1\n",
       {10, 14},
       errc::config_unknown_key,
       "did you mean \"command\"?"},
  };
  for (const auto& [extra, at, code, words] : cases) {
    const auto report = read(extra);
    ASSERT_EQ(report.faults.size(), 1U) << extra << joined(report);
    const auto& [where, what] = report.faults.front();
    EXPECT_EQ(what.code(), code) << joined(report);
    EXPECT_EQ(where, at) << extra << joined(report);
    EXPECT_NE(what.detail().find(words), std::string::npos) << what.detail();
  }
}

TEST(named_commands, may_have_names_as_long_as_a_component_and_its_command_make) {
  EXPECT_EQ(
      application_of("[application.command." + std::string(256, 'a') + "]\nport = 1\n").named_commands.size(),
      1U);
}

TEST(commands, what_counts_for_nothing_is_warned_of) {
  const std::string said = "settle = \"queued\"\ncommand_timeout = \"1h\"\nmax_downlinks = \"1/1h\"\n";
  const std::string named = "[application.command.on]\nport = 1\n";
  const auto off = read("commands = false\n" + said + named);
  ASSERT_TRUE(off.value) << joined(off);
  EXPECT_EQ(off.warnings.size(), 4U) << joined(off);
  for (const auto& one : off.warnings)
    EXPECT_NE(one.text.find("counts for nothing where commands = false"), std::string::npos) << one.text;
  EXPECT_TRUE(read("commands = false\n").warnings.empty());
  EXPECT_TRUE(read("commands = true\n").warnings.empty());

  const auto without_key = read("commands = true\n" + said + named, "");
  ASSERT_TRUE(without_key.value) << joined(without_key);
  EXPECT_EQ(without_key.warnings.size(), 5U) << joined(without_key);
  EXPECT_NE(without_key.warnings.front().text.find("every command is refused"), std::string::npos);
  EXPECT_EQ(without_key.warnings.front().at, (place{9, 12}));
  EXPECT_TRUE(read("", "").warnings.empty()) << "a default is no wish";
}

} // namespace
} // namespace causeway::config
