// SPDX-License-Identifier: Apache-2.0
#include "core/name_blocks.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <string>

namespace causeway::core {
namespace {

std::string text_of(const char* kept) {
  std::uint16_t length = 0;
  std::memcpy(&length, kept, sizeof(length));
  return {kept + sizeof(length), length};
}

TEST(name_blocks, a_name_takes_the_room_of_one_of_its_length_and_leaves_the_others) {
  name_blocks names;
  const auto* const one = names.keep("meter-1");
  const auto* const two = names.keep("meter-2");
  names.give_back(one);
  const auto* const longer = names.keep("a-meter-with-a-longer-name");
  EXPECT_NE(longer, one);
  EXPECT_EQ(names.keep("meter-3"), one);
  EXPECT_EQ(text_of(one), "meter-3");
  EXPECT_EQ(text_of(two), "meter-2");
  EXPECT_EQ(text_of(longer), "a-meter-with-a-longer-name");
}

TEST(name_blocks, holds_the_shortest_and_the_longest) {
  name_blocks names;
  const std::string longest(65'535, 'x');
  EXPECT_EQ(text_of(names.keep("")), "");
  const auto* const kept = names.keep(longest);
  EXPECT_EQ(text_of(kept), longest);
  const auto bytes = names.bytes();
  names.give_back(kept);
  EXPECT_EQ(names.keep(longest), kept);
  EXPECT_EQ(names.bytes(), bytes);
}

} // namespace
} // namespace causeway::core
