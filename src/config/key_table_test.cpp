// SPDX-License-Identifier: Apache-2.0
#include "config/key_table.h"

#include "config/section.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace causeway::config {
namespace {

TEST(key_table, has_each_key_once_and_in_a_section_it_describes) {
  std::set<std::pair<std::string_view, std::string_view>> seen;
  for (const auto& key : keys()) {
    EXPECT_TRUE(seen.emplace(key.section, key.name).second) << key.section << "." << key.name;
    EXPECT_TRUE(std::ranges::any_of(sections(), [&](const auto& one) { return one.name == key.section; }))
        << key.section;
    EXPECT_FALSE(key.meaning.empty()) << key.name;
  }
}

TEST(key_table, has_defaults_that_its_own_rules_allow) {
  for (const auto& key : keys()) {
    const auto words = split_choices(key.choices);
    bool good = true;
    switch (key.kind) {
    case value_kind::choice:
      good = std::ranges::find(words, key.fallback) != words.end();
      break;
    case value_kind::integer:
    case value_kind::size:
      good = key.fallback.empty() || parse_size(key.fallback).has_value();
      break;
    case value_kind::duration:
      good = key.fallback.empty() || parse_duration(key.fallback).has_value();
      break;
    case value_kind::address:
      good = is_listen_address(key.fallback);
      break;
    case value_kind::secret:
      good = key.fallback.empty();
      break;
    default:
      break;
    }
    EXPECT_TRUE(good) << key.section << "." << key.name;
    EXPECT_TRUE(!key.required || key.fallback.empty()) << key.section << "." << key.name;
  }
}

TEST(key_table, describes_every_key) {
  const auto page = describe_keys_markdown();
  for (const auto& key : keys())
    EXPECT_NE(page.find("| `" + std::string{key.name} + "` |"), std::string::npos) << key.name;
  EXPECT_NE(page.find("| `tier` | one of `F1`, `B1`, `B2`, `B3`, `S1`, `S2`, `S3` | `S1` | yes |"),
            std::string::npos);
  EXPECT_NE(page.find("| `id` | text | required | yes |"), std::string::npos);
}

TEST(nearest, finds_what_was_meant) {
  const std::vector<std::string> known{"listen",   "tls_key",       "username",
                                       "password", "password_file", "password_env"};
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"lisen", "listen"},
      {"lsiten", "listen"},
      {"Listen", "listen"},
      {"pasword_file", "password_file"},
      {"user_name", "username"},
      {"tls-key", "tls_key"},
      {"temperature", ""},
      {"", ""},
      {"x", ""},
  };
  for (const auto& [misspelt, meant] : cases)
    EXPECT_EQ(nearest(misspelt, known), meant) << misspelt;
  EXPECT_EQ(nearest(std::string(100'000, 'a'), known), "");
}

TEST(size, is_bytes_or_has_a_unit) {
  EXPECT_EQ(parse_size("1024"), 1024u);
  EXPECT_EQ(parse_size("64 KiB"), 65536u);
  EXPECT_EQ(parse_size("16MiB"), 16u * 1024 * 1024);
  EXPECT_EQ(parse_size("4 GiB"), 4ULL << 30);
  for (const auto bad : {"", "GiB", "-1", "1.5 GiB", "4 GB", "4 gib", "99999999999999 GiB", "1 2"})
    EXPECT_FALSE(parse_size(bad)) << bad;
}

TEST(listen_address, has_host_and_port) {
  for (const auto good :
       {"127.0.0.1:8080", "0.0.0.0:0", "localhost:1", "[::]:8443", "[::1]:65535", "my-host.local:80"})
    EXPECT_TRUE(is_listen_address(good)) << good;
  for (const auto bad : {"", "8080", ":8080", "host", "host:", "host:65536", "::1:80", "[]:80", "[x]:80",
                         "http://h:80", "h:-1", "a b:1"})
    EXPECT_FALSE(is_listen_address(bad)) << bad;
}

} // namespace
} // namespace causeway::config
