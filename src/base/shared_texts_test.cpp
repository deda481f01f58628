// SPDX-License-Identifier: Apache-2.0
#include "base/shared_texts.h"

#include <gtest/gtest.h>

namespace causeway {
namespace {

TEST(shared_texts, a_text_that_two_hold_is_there_once) {
  shared_texts texts;
  const auto one = texts.hold("dtmi:x:a;1"), two = texts.hold("dtmi:x:a;1");
  EXPECT_EQ(one, two);
  EXPECT_EQ(texts.size(), 1u);
  texts.release(one);
  EXPECT_EQ(texts.at(two), "dtmi:x:a;1");
}

TEST(shared_texts, what_nobody_holds_is_gone_and_its_number_is_given_again) {
  shared_texts texts;
  const auto one = texts.hold("dtmi:x:a;1");
  static_cast<void>(texts.hold("dtmi:x:b;1"));
  texts.release(one);
  EXPECT_EQ(texts.size(), 1u);
  EXPECT_EQ(texts.hold("dtmi:x:c;1"), one);
  EXPECT_EQ(texts.at(one), "dtmi:x:c;1");
}

TEST(shared_texts, no_text_has_the_number_0_and_is_held_by_nobody) {
  shared_texts texts;
  EXPECT_EQ(texts.hold(""), 0u);
  EXPECT_EQ(texts.at(0), "");
  texts.release(0);
  EXPECT_EQ(texts.size(), 0u);
}

// The look-up goes by views of the texts: they must not move.
TEST(shared_texts, are_found_again_after_many_others_have_come) {
  shared_texts texts;
  const auto first = texts.hold("a");
  for (int i = 0; i < 1'000; ++i)
    static_cast<void>(texts.hold("text " + std::to_string(i)));
  EXPECT_EQ(texts.hold("a"), first);
  EXPECT_EQ(texts.size(), 1'001u);
}

} // namespace
} // namespace causeway
