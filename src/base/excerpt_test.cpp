// SPDX-License-Identifier: Apache-2.0
#include "base/excerpt.h"

#include "base/encoding.h"

#include <gtest/gtest.h>

#include <string>

namespace causeway {
namespace {

TEST(excerpt, ends_with_a_whole_character) {
  const std::string text = "a\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80z"; // 1, 2, 3, 4 and 1 bytes
  const std::size_t ends[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11};
  for (std::size_t most = 0; most < std::size(ends); ++most) {
    EXPECT_EQ(excerpt(text, most), text.substr(0, ends[most])) << most;
    EXPECT_TRUE(is_utf8(excerpt(text, most))) << most;
  }
}

TEST(excerpt, of_bytes_that_are_no_text_is_as_long_as_it_may_be) {
  const std::string bytes(100, '\x80');
  EXPECT_EQ(excerpt(bytes, 50).size(), 50u);
  EXPECT_EQ(excerpt(bytes, 2).size(), 2u);
}

} // namespace
} // namespace causeway
