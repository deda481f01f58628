// SPDX-License-Identifier: Apache-2.0
#include "config/fake_secrets.h"
#include "config/loader.h"

#include <gtest/gtest.h>

namespace causeway::config {
namespace {

config_report read(const std::string& section) {
  fake_secrets secrets;
  secrets.variables = {{"WEBHOOK", "hush"}, {"PLANT", "HostName=h"}, {"KEY", "AAEC"}};
  return parse(
      "[webhook]\npassword_env = \"WEBHOOK\"\n\n[[application]]\nid = \"meters\"\nazure = \"field\"\n\n"
      "[azure.field]\n" +
          section,
      "/etc/causeway/c.toml", secrets);
}

const std::string dps = "id_scope = \"0ne1\"\ngroup_key_env = \"KEY\"\n";

TEST(first_poll, is_when_retry_after_says_or_a_time) {
  const std::pair<const char*, std::optional<milliseconds>> rows[] = {
      {"", std::nullopt},
      {"first_poll = \"retry-after\"\n", std::nullopt},
      {"first_poll = \"500ms\"\n", milliseconds{500}},
      {"first_poll = \"100ms\"\n", milliseconds{100}},
      {"first_poll = \"2s\"\n", milliseconds{2'000}},
      {"first_poll = \"10s\"\n", milliseconds{10'000}}};
  for (const auto& [line, expected] : rows) {
    const auto report = read(dps + line);
    ASSERT_TRUE(report.value) << line;
    EXPECT_EQ(report.value->azure.at(0).dps->first_poll, expected) << line;
  }
}

TEST(first_poll, anything_else_is_refused_in_words) {
  for (const auto* text : {"", "500", "ms", "99ms", "0s", "11s", "1m", "0.5s", "-1s", "500 ms", "Retry-After",
                           "18446744073709551616ms"}) {
    const auto report = read(dps + "first_poll = \"" + text + "\"\n");
    ASSERT_EQ(report.faults.size(), 1U) << text;
    EXPECT_EQ(report.faults[0].what.code(), errc::config_invalid_value) << text;
    EXPECT_NE(
        report.faults[0].what.detail().find("neither \"retry-after\" nor a time from \"100ms\" to \"10s\""),
        std::string::npos)
        << report.faults[0].what.detail();
  }
}

TEST(first_poll, is_no_word_for_a_section_without_dps) {
  const auto report = read("connection_string_env = \"PLANT\"\nfirst_poll = \"500ms\"\n");
  ASSERT_EQ(report.faults.size(), 1U);
  EXPECT_NE(report.faults[0].what.detail().find("first_poll"), std::string::npos);
}

} // namespace
} // namespace causeway::config
