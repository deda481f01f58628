// SPDX-License-Identifier: Apache-2.0
#include "config/toml_json.h"

#include <gtest/gtest.h>

namespace causeway::config {
namespace {

json_reading read(const std::string& text) {
  const auto parsed = parse_toml(text);
  EXPECT_TRUE(parsed.root) << parsed.fault;
  return to_json(parsed.root->find("v")->value);
}

TEST(toml_as_json, is_each_kind_of_value_without_white_space) {
  const std::pair<std::string, std::string> cases[] = {
      {"v = { }", "{}"},
      {"v = [ ]", "[]"},
      {"v = { a = 1, b = -2, c = true, d = false }", R"({"a":1,"b":-2,"c":true,"d":false})"},
      {"v = { a = 1.5, b = 2.0, c = -0.1, d = 1e30, e = 1_000.25 }",
       R"({"a":1.5,"b":2.0,"c":-0.1,"d":1e+30,"e":1000.25})"},
      {"v = [ 9223372036854775807, 0x10 ]", "[9223372036854775807,16]"},
      {"v = [ [ 1, 2 ], [ ], { a = [ \"x\" ] } ]", R"([[1,2],[],{"a":["x"]}])"},
      {R"(v = { "a\"b" = "line\nend\\", c = "ü\u007F" })",
       "{\"a\\\"b\":\"line\\nend\\\\\",\"c\":\"ü\\u007f\"}"},
  };
  for (const auto& [toml, json] : cases) {
    const auto made = read(toml);
    EXPECT_EQ(made.text, json) << toml;
    EXPECT_EQ(made.fault, nullptr) << toml;
  }
}

TEST(toml_as_json, has_the_members_of_a_table_in_the_order_of_the_file) {
  EXPECT_EQ(read("v = { z = 1, a = { y = 2, b = 3 }, m = 4 }").text, R"({"z":1,"a":{"y":2,"b":3},"m":4})");
  EXPECT_EQ(read("[v]\nz = 1\nm = 2\n[v.a]\ny = 3\nb = 4\n").text, R"({"z":1,"m":2,"a":{"y":3,"b":4}})");
  EXPECT_EQ(read("[v]\nz.two = 1\nz.one = 2\na = 3\n").text, R"({"z":{"two":1,"one":2},"a":3})");
}

TEST(toml_as_json, names_what_json_has_no_form_for) {
  const std::pair<std::string, place> cases[] = {
      {"v = { a = 1, b = 2026-01-01 }", {1, 18}},
      {"v = [ 1,\n 07:32:00 ]", {2, 2}},
      {"v = [ 2026-01-01T00:00:00Z, 2026-01-02 ]", {1, 7}},
      {"v = { a = [ inf ] }", {1, 13}},
      {"v = { a = nan }", {1, 11}},
  };
  for (const auto& [toml, at] : cases) {
    const auto parsed = parse_toml(toml);
    ASSERT_TRUE(parsed.root) << toml << parsed.fault;
    const auto made = to_json(parsed.root->find("v")->value);
    ASSERT_NE(made.fault, nullptr) << toml;
    EXPECT_EQ(made.fault->at, at) << toml;
  }
}

} // namespace
} // namespace causeway::config
