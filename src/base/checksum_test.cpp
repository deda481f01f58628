// SPDX-License-Identifier: Apache-2.0
#include "base/checksum.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace causeway {
namespace {

// The published values of XXH64 with seed 0.
TEST(checksum, is_xxh64) {
  EXPECT_EQ(checksum64(""), 0xEF46DB3751D8E999ULL);
  EXPECT_EQ(checksum64("a"), 0xD24EC4F1A98C6E5BULL);
  EXPECT_EQ(checksum64("abc"), 0x44BC2CF5AD770999ULL);
  EXPECT_EQ(checksum64("Nobody inspects the spammish repetition"), 0xFBCEA83C8A378BF1ULL);
}

TEST(checksum, differs_for_each_bit_and_each_length) {
  std::set<std::uint64_t> seen;
  std::size_t texts = 0;
  for (const std::size_t size : {1, 3, 4, 7, 8, 12, 31, 32, 33, 64, 71, 100}) {
    const std::string text(size, '\0');
    seen.insert(checksum64(text));
    ++texts;
    for (std::size_t bit = 0; bit < size * 8; ++bit, ++texts) {
      auto changed = text;
      changed[bit / 8] = static_cast<char>(1U << (bit % 8));
      seen.insert(checksum64(changed));
    }
  }
  EXPECT_EQ(seen.size(), texts);
}

} // namespace
} // namespace causeway
