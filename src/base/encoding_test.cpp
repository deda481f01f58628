// SPDX-License-Identifier: Apache-2.0
#include "base/encoding.h"

#include <gtest/gtest.h>

namespace causeway {
namespace {

using namespace std::string_view_literals;

TEST(encoding, base64_follows_rfc4648) {
  const std::pair<std::string_view, std::string_view> vectors[] = {{"", ""},
                                                                   {"f", "Zg=="},
                                                                   {"fo", "Zm8="},
                                                                   {"foo", "Zm9v"},
                                                                   {"foob", "Zm9vYg=="},
                                                                   {"fooba", "Zm9vYmE="},
                                                                   {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, coded] : vectors) {
    EXPECT_EQ(base64_encode(plain), coded);
    EXPECT_EQ(base64_decode(coded), plain);
  }
}

TEST(encoding, base64_reads_both_alphabets_and_missing_padding) {
  EXPECT_EQ(base64_decode("-_8="), base64_decode("+/8="));
  EXPECT_EQ(base64_decode("Zm8"), "fo");
  for (const auto bad : {"Z", "Zm9v=", "Zg===", "Zm 8", "Zm8=Zm8=", "Z!=="})
    EXPECT_FALSE(base64_decode(bad)) << bad;
}

TEST(encoding, percent_forms) {
  EXPECT_EQ(percent_encode("a b/c:~-._"), "a%20b%2Fc%3A~-._");
  EXPECT_EQ(percent_decode("a%20b%2fc%3A"), "a b/c:");
  EXPECT_EQ(percent_decode("100%"), "100%");
  EXPECT_EQ(percent_decode("%zz+"), "%zz+");
}

TEST(encoding, utf8_is_checked_strictly) {
  for (const auto good : {""sv, "abc"sv, "\xc3\xa4"sv, "\xe2\x82\xac"sv, "\xf0\x9f\x98\x80"sv, "\0"sv})
    EXPECT_TRUE(is_utf8(good));
  for (const auto bad :
       {"\x80"sv, "\xc3"sv, "\xc0\xaf"sv, "\xed\xa0\x80"sv, "\xf4\x90\x80\x80"sv, "\xff"sv, "\xe2\x82"sv})
    EXPECT_FALSE(is_utf8(bad));
}

// A message of DPS or the hub that was cut in the middle of a character made a whole page of the API
// unreadable.
TEST(encoding, json_strings_are_utf8_whatever_comes_in) {
  EXPECT_EQ(json_quoted("gr\xc3\xbc\xc3"), "\"gr\xc3\xbc\xef\xbf\xbd\"");
  EXPECT_EQ(json_quoted("\xff\xc3\xa4\xe2\x82"), "\"\xef\xbf\xbd\xc3\xa4\xef\xbf\xbd\xef\xbf\xbd\"");
  EXPECT_EQ(json_quoted("\xf0\x9f\x98\x80\xed\xa0\x80"),
            "\"\xf0\x9f\x98\x80\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
}

TEST(encoding, json_strings_are_escaped) {
  EXPECT_EQ(json_quoted("a\"b\\c\n\x01\t\xc3\xa4"), "\"a\\\"b\\\\c\\n\\u0001\\t\xc3\xa4\"");
}

TEST(encoding, json_strings_hold_nothing_that_a_terminal_obeys) {
  EXPECT_EQ(json_quoted("\x1b[2J\x7f\xc2\x9b\xc2\xa0\xc2\x80"),
            "\"\\u001b[2J\\u007f\\u009b\xc2\xa0\\u0080\"");
}

TEST(encoding, case_is_ascii_only) {
  EXPECT_EQ(to_lower("AbC-1"), "abc-1");
  EXPECT_EQ(to_upper("AbC-1"), "ABC-1");
  EXPECT_TRUE(equals_ignoring_case("Retry-After", "retry-after"));
  EXPECT_FALSE(equals_ignoring_case("Retry-After", "retry-afte"));
}

TEST(encoding, white_space_is_taken_off_around_a_text_and_not_inside) {
  EXPECT_EQ(trimmed(" \t a b\r\n"), "a b");
  EXPECT_EQ(trimmed("a"), "a");
  EXPECT_EQ(trimmed(" \t\r\n"), "");
  EXPECT_EQ(trimmed(""), "");
}

TEST(hex, is_read_in_either_case_and_nothing_else_is) {
  EXPECT_EQ(hex_decode("00fFA0"), std::string("\x00\xff\xa0", 3));
  EXPECT_EQ(hex_decode(""), "");
  for (const auto* text : {"0", "0g", "g0", "0x00", " 00", "00 "})
    EXPECT_FALSE(hex_decode(text)) << text;
}

} // namespace
} // namespace causeway
