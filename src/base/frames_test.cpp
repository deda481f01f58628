// SPDX-License-Identifier: Apache-2.0
#include "base/frames.h"

#include <gtest/gtest.h>

#include <vector>

namespace causeway {
namespace {

using taken = std::vector<std::pair<char, std::string>>;

taken take_all(frame_reader& from) {
  taken all;
  while (const auto one = from.next())
    all.emplace_back(one->kind, one->body);
  return all;
}

TEST(frames, come_back_as_they_were_however_the_bytes_are_cut) {
  std::string bytes;
  append_frame(bytes, 'a', "");
  append_frame(bytes, 'b', "hello");
  append_frame(bytes, 'c', std::string(300, 'x'));
  const taken expected{{'a', ""}, {'b', "hello"}, {'c', std::string(300, 'x')}};
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    frame_reader reader{1000};
    taken got;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      reader.feed(std::string_view{bytes}.substr(at, piece));
      for (auto& one : take_all(reader))
        got.push_back(std::move(one));
    }
    EXPECT_EQ(got, expected) << piece;
  }
}

TEST(frames, have_their_length_in_four_bytes_and_their_kind_in_one) {
  std::string bytes;
  append_frame(bytes, 'k', "ab");
  EXPECT_EQ(bytes, (std::string{"\0\0\0\2kab", 7}));
}

TEST(frames, a_body_above_the_limit_is_known_by_its_head) {
  std::string bytes;
  append_frame(bytes, 'a', "1234");
  append_frame(bytes, 'b', "12345");
  frame_reader reader{4};
  reader.feed(std::string_view{bytes}.substr(0, bytes.size() - 5));
  EXPECT_EQ(take_all(reader), (taken{{'a', "1234"}}));
  EXPECT_TRUE(reader.overlong());
  reader.feed("12345");
  EXPECT_FALSE(reader.next());
}

} // namespace
} // namespace causeway
