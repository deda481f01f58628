// SPDX-License-Identifier: Apache-2.0
#include "watch/printable.h"

#include "watch/plan.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace causeway::watch {
namespace {

TEST(printable, leaves_a_peer_no_escape_sequence_for_the_operators_terminal) {
  EXPECT_EQ(printable("refused\x1b]0;owned\x07\x1b[2J"), "refused?]0;owned??[2J");
  EXPECT_EQ(printable("a\r\nb\tc\x7f" + std::string(1, '\0')), "a??b?c??");
  // C1: CSI is U+009B, OSC U+009D.
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m\xc2\x9d\xc2\x80\xc2\x9f"),
            "?31m???");
  // And as the bytes that a terminal without UTF-8 takes for them.
  EXPECT_EQ(printable("\x9b"
                      "31m\xc2"),
            "?31m?");
}

TEST(printable, keeps_what_people_write) {
  const std::string text = "Zähler-1 · 水 \xc2\xa0 \xf0\x9f\x92\xa7";
  EXPECT_EQ(printable(text), text);
  EXPECT_EQ(printable_lines("one\ntwo\x1b\n"), "one\ntwo?\n");
  EXPECT_EQ(printable(""), "");
}

TEST(printable, json_says_the_same_afterwards) {
  const std::string body = "{\"detail\":\"a\xc2\x9b"
                           "b\x7f"
                           "ü\"}\n";
  const auto clean = printable_json(body);
  EXPECT_EQ(clean, "{\"detail\":\"a\\u009bb\\u007fü\"}\n");
  EXPECT_EQ(boost::json::parse(clean), boost::json::parse(body));
}

TEST(printable, a_registrys_words_forge_no_line_of_a_plan) {
  plan_input in;
  in.applications = {{"water", 6, 0, 0, 6, 0, "cache", "the registry: no\nAll online\x1b[8m"}};
  in.dps = {{"field", 6, 1'000}};
  const auto text = format_plan(make_plan(in));
  EXPECT_NE(text.find("the registry: no?All online?[8m"), std::string::npos) << text;
}

} // namespace
} // namespace causeway::watch
