// SPDX-License-Identifier: Apache-2.0
#include "formats/fields.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace causeway::formats {
namespace {

using pairs = std::vector<std::pair<std::string, std::string>>;

pairs walk(std::string_view object, bool* whole = nullptr) {
  pairs found;
  field_cursor member{object};
  while (member.next())
    found.emplace_back(member->key, member->value);
  if (whole) *whole = member.whole();
  return found;
}

TEST(fields, come_in_their_order_and_their_own_text) {
  EXPECT_EQ(walk(R"({"a":27.20,"b":{"c":[1,{"d":"}"}]},"e":"x\",\"y","f":[],"g":null,"h":true,"":-0})"),
            (pairs{{"a", "27.20"},
                   {"b", R"({"c":[1,{"d":"}"}]})"},
                   {"e", R"("x\",\"y")"},
                   {"f", "[]"},
                   {"g", "null"},
                   {"h", "true"},
                   {"", "-0"}}));
  EXPECT_EQ(walk("{}"), pairs{});
}

TEST(fields, have_a_name_with_escapes_resolved) {
  field_cursor member{R"({"l\u0061t":1})"};
  ASSERT_TRUE(member.next());
  EXPECT_EQ(member->name(), "lat");
  EXPECT_EQ(member->key, "l\\u0061t");
  EXPECT_TRUE(has_field(R"({"l\u0061t":1})", "lat"));
  EXPECT_FALSE(has_field(R"({"a":{"lat":1}})", "lat"));
}

TEST(fields, tell_a_whole_object_from_broken_text) {
  bool whole = false;
  walk(R"({"a":1,"b":2})", &whole);
  EXPECT_TRUE(whole);
  for (const char* text :
       {"", "{", "}", "[1]", "1", R"({"a")", R"({"a"})", R"({"a":})", R"({"a":,})", R"({"a":1,})",
        R"({"a":"})", R"({"a":[1})", R"({"a":1]"b":2})", R"({a:1})", R"({"a\":1})", "{,}"}) {
    walk(text, &whole);
    EXPECT_FALSE(whole) << text;
  }
}

} // namespace
} // namespace causeway::formats
