// SPDX-License-Identifier: Apache-2.0
#include "emulator/state/twin_rules.h"

#include "emulator/state/json_text.h"

#include <gtest/gtest.h>

namespace causeway::emulator {
namespace {

boost::json::object object_of(const std::string& text) {
  return read_json(text)->as_object();
}

std::string fault_of(const std::string& text) {
  return find_twin_fault(object_of(text));
}

std::string nested(std::size_t levels) {
  std::string text = "1";
  for (std::size_t i = 0; i < levels; ++i) {
    text.insert(0, R"({"a":)");
    text += '}';
  }
  return text;
}

TEST(twin_rules, a_patch_merges_objects_removes_by_null_and_replaces_all_else) {
  auto section = object_of(R"({"a":{"x":1,"y":2},"b":[1,2],"c":"old","d":5})");
  merge_twin(
      section,
      object_of(R"({"a":{"x":null,"z":{"n":null,"m":3}},"b":[3],"c":{"new":true},"d":null,"e":null})"));
  EXPECT_EQ(section, object_of(R"({"a":{"y":2,"z":{"m":3}},"b":[3],"c":{"new":true}})"));
}

TEST(twin_rules, numbers_are_written_as_people_do) {
  EXPECT_EQ(json_text(*read_json(R"({"a":27.2,"b":2.0,"c":-7,"d":1e30,"e":"x\"y","f":[true,null]})")),
            R"({"a":27.2,"b":2.0,"c":-7,"d":1e+30,"e":"x\"y","f":[true,null]})");
  EXPECT_FALSE(read_json("{"));
  EXPECT_FALSE(read_json(std::string(100, '[') + std::string(100, ']')));
}

TEST(twin_rules, keys_have_their_bounds) {
  EXPECT_EQ(fault_of(R"({"plain-key_1":{"inner":1}})"), "");
  for (const auto* key : {"", "a.b", "$version", "a b", "a\\u0001", "a\\u007f"})
    EXPECT_NE(fault_of(std::string{R"({"a":{")"} + key + R"(":1}})"), "") << key;
  EXPECT_EQ(fault_of(R"({")" + std::string(longest_twin_key, 'k') + R"(":1})"), "");
  EXPECT_NE(fault_of(R"({")" + std::string(longest_twin_key + 1, 'k') + R"(":1})"), "");
  EXPECT_NE(fault_of(R"({"a":[{"b.c":1}]})"), "") << "in an array too";
}

TEST(twin_rules, values_have_their_bounds) {
  EXPECT_EQ(fault_of(R"({"a":")" + std::string(longest_twin_string, 'v') + R"("})"), "");
  EXPECT_NE(fault_of(R"({"a":")" + std::string(longest_twin_string + 1, 'v') + R"("})"), "");
  EXPECT_EQ(fault_of(R"({"a":4503599627370496,"b":-4503599627370496})"), "");
  EXPECT_NE(fault_of(R"({"a":4503599627370497})"), "");
  EXPECT_NE(fault_of(R"({"a":-4503599627370497})"), "");
  EXPECT_NE(fault_of(R"({"a":18446744073709551615})"), "");
  EXPECT_EQ(fault_of(nested(10)), "");
  EXPECT_EQ(fault_of(nested(11)), "");
  EXPECT_NE(fault_of(nested(12)), "");
}

TEST(twin_rules, the_notes_say_when_each_member_changed_at_every_level) {
  manual_clock clock;
  boost::json::object notes;
  merge_twin_metadata(notes, object_of(R"({"a":{"x":1},"b":2})"), {clock.now().wall, 2});
  clock.advance(std::chrono::seconds{1});
  merge_twin_metadata(notes, object_of(R"({"a":{"y":1},"b":null})"), {clock.now().wall, 3});
  const auto stamp = [](const char* second, int version) {
    return R"("$lastUpdated":"2026-01-01T00:00:0)" + std::string{second} +
           R"(.000Z","$lastUpdatedVersion":)" + std::to_string(version);
  };
  EXPECT_EQ(notes, object_of("{" + stamp("1", 3) + R"(,"a":{)" + stamp("1", 3) + R"(,"x":{)" + stamp("0", 2) +
                             R"(},"y":{)" + stamp("1", 3) + "}}}"));
}

TEST(twin_rules, a_replacement_names_what_it_leaves_out) {
  const auto from = object_of(R"({"a":1,"b":2,"c":{"x":1,"y":{"z":1}},"d":{"x":1}})");
  const auto to = object_of(R"({"b":3,"c":{"y":{}},"d":4})");
  const auto patch = replacement_patch(from, to);
  EXPECT_EQ(patch, object_of(R"({"a":null,"b":3,"c":{"x":null,"y":{"z":null}},"d":4})"));
  auto merged = from;
  merge_twin(merged, patch);
  EXPECT_EQ(merged, to);
}

} // namespace
} // namespace causeway::emulator
