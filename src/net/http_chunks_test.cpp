// SPDX-License-Identifier: Apache-2.0
#include "net/http_chunks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace causeway::net {
namespace {

using progress = chunk_reader::progress;

struct read_chunks {
  std::string body;
  std::size_t left = 0; // of the input
  progress at = progress::need_more;
};

read_chunks read(std::string_view all, std::size_t piece = 100'000) {
  chunk_reader reader{100, 50};
  read_chunks made;
  while (made.at == progress::need_more && !all.empty()) {
    auto input = all.substr(0, piece);
    all.remove_prefix(input.size());
    std::string_view data;
    while ((made.at = reader.step(input, data)) == progress::data)
      made.body += data;
    made.left = input.size() + all.size();
  }
  return made;
}

TEST(http_chunks, are_read_in_pieces_of_any_size) {
  const std::string text = "1\r\na\r\n0A;x=\"y\" \r\n0123456789\r\n2 ;z\r\nbc\r\n00\r\nT: t\r\nU:\r\n\r\n";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    const auto made = read(text + "GET", piece);
    EXPECT_EQ(made.at, progress::done) << piece;
    EXPECT_EQ(made.body, "a0123456789bc");
    EXPECT_EQ(made.left, 3U);
  }
  EXPECT_EQ(read(text.substr(0, text.size() - 1)).at, progress::need_more);
}

TEST(http_chunks, that_two_readers_could_read_in_two_ways_are_malformed) {
  for (const std::string text : {"\r\n",
                                 ";\r\n",
                                 " 1\r\nx\r\n",
                                 "-1\r\n",
                                 "+1\r\n",
                                 "0x1\r\nx\r\n",
                                 "1\nx\r\n",
                                 "1\rx",
                                 "1 \r\nx\r\n",
                                 "1 2\r\n",
                                 "1\r\nxy",
                                 "1\r\nx\n",
                                 "1\r\nx\r0",
                                 "1\r\nx0\r\n",
                                 "00000000000000001\r\n",
                                 "1;a\nb\r\nx",
                                 "0\r\n T: t\r\n\r\n",
                                 "0\r\nT : t\r\n\r\n",
                                 "0\r\n: t\r\n\r\n",
                                 "0\r\nT\r\n\r\n",
                                 "0\r\nT: a\nU: b\r\n\r\n",
                                 "0\n\r\n",
                                 "0\r\n\n",
                                 "0\r\n\rx",
                                 "0\r\nT: a\rb"})
    EXPECT_EQ(read(text).at, progress::malformed) << testing::PrintToString(text);
  EXPECT_EQ(read(std::string_view{"1;\0\r\n", 5}).at, progress::malformed);
}

TEST(http_chunks, are_bounded_in_body_and_lines) {
  EXPECT_EQ(read("64\r\n" + std::string(100, 'x') + "\r\n0\r\n\r\n").at, progress::done);
  EXPECT_EQ(read("65\r\n").at, progress::body_too_large);
  EXPECT_EQ(read("64\r\n" + std::string(100, 'x') + "\r\n1\r\n").at, progress::body_too_large);
  EXPECT_EQ(read("ffffffffffffffff\r\n").at, progress::body_too_large);
  EXPECT_EQ(read("1;" + std::string(60, 'x')).at, progress::lines_too_long);
  EXPECT_EQ(read("1;" + std::string(40, 'x') + "\r\nx\r\n1;" + std::string(20, 'x')).at,
            progress::lines_too_long);
  EXPECT_EQ(read("0\r\nT:" + std::string(60, 'x')).at, progress::lines_too_long);
  EXPECT_EQ(read("1" + std::string(60, ' ')).at, progress::lines_too_long);
}

} // namespace
} // namespace causeway::net
