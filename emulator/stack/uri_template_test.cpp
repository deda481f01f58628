// SPDX-License-Identifier: Apache-2.0
#include "emulator/stack/uri_template.h"

#include <gtest/gtest.h>

namespace causeway::emulator {
namespace {

std::string expand(std::string_view text) {
  return expand_uri_template(
      text, {{"var", "value"}, {"hello", "Hello World!"}, {"path", "/foo/bar"}, {"empty", ""}});
}

// RFC 6570, section 3.2, as far as it is about strings.
TEST(uri_template, expands_as_the_rfc_says) {
  EXPECT_EQ(expand("{var}"), "value");
  EXPECT_EQ(expand("{hello}"), "Hello%20World%21");
  EXPECT_EQ(expand("O{empty}X"), "OX");
  EXPECT_EQ(expand("O{undef}X"), "OX");
  EXPECT_EQ(expand("{var:3}{var:30}{var*}"), "valvaluevalue");
  EXPECT_EQ(expand("{+hello}"), "Hello%20World!");
  EXPECT_EQ(expand("{+path}/here"), "/foo/bar/here");
  EXPECT_EQ(expand("X{#hello}"), "X#Hello%20World!");
  EXPECT_EQ(expand("X{.var,undef}"), "X.value");
  EXPECT_EQ(expand("{/var,empty}/here"), "/value//here");
  EXPECT_EQ(expand("{;var,empty}"), ";var=value;empty");
  EXPECT_EQ(expand("{?var,empty,undef}"), "?var=value&empty=");
  EXPECT_EQ(expand("?fixed=yes{&var}"), "?fixed=yes&var=value");
}

TEST(uri_template, leaves_alone_what_is_no_expression) {
  EXPECT_EQ(expand("/a/b?c=d"), "/a/b?c=d");
  EXPECT_EQ(expand("/a{var"), "/a{var");
  EXPECT_EQ(expand(""), "");
}

} // namespace
} // namespace causeway::emulator
