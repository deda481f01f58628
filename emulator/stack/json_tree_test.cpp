// SPDX-License-Identifier: Apache-2.0
#include "emulator/stack/json_tree.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <set>

namespace causeway::emulator {
namespace {

constexpr std::string_view sample =
    R"( {"a": 27.200, "b":{"c":[1,{"d":"x\"}"},[]],"e":null}, "empty":{} ,"big":123456789012345678901} )";

TEST(json_tree, writes_values_as_they_were_written) {
  const auto tree = parse_json_tree(sample);
  ASSERT_TRUE(tree);
  EXPECT_EQ(write_json(*tree),
            R"({"a":27.200,"b":{"c":[1,{"d":"x\"}"},[]],"e":null},"empty":{},"big":123456789012345678901})");
}

TEST(json_tree, varies_the_text_and_not_the_meaning) {
  const auto tree = parse_json_tree(sample);
  ASSERT_TRUE(tree);
  const auto meant = boost::json::parse(sample.data());
  std::set<std::string> texts;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto text = write_varied_json(*tree, seed);
    EXPECT_EQ(boost::json::parse(text), meant) << text;
    texts.insert(text);
  }
  EXPECT_GT(texts.size(), 15U);
  EXPECT_EQ(write_varied_json(*tree, 3), write_varied_json(*tree, 3));
}

TEST(json_tree, keeps_what_a_mask_names) {
  auto tree = parse_json_tree(R"({"a":1,"ab":2,"b":{"c":{"d":1,"e":2},"f":3},"g":{}})");
  ASSERT_TRUE(tree);
  keep_paths(*tree, {"a", "b.c.e", "g.x", "unknown"});
  EXPECT_EQ(write_json(*tree), R"({"a":1,"b":{"c":{"e":2}},"g":{}})");
}

TEST(json_tree, refuses_what_is_no_json) {
  for (const auto* text : {"", "{", "{\"a\"}", "[1,", "{} x", "\"open", "{\"a\":}"})
    EXPECT_FALSE(parse_json_tree(text)) << text;
}

} // namespace
} // namespace causeway::emulator
