// SPDX-License-Identifier: Apache-2.0
#include "net/http_reader.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace causeway::net {
namespace {

using progress = http_reader::progress;

// Feeds all bytes, `piece` at a time, and stops where the reader wants something else than more.
progress feed(http_reader& reader, std::string_view bytes, std::size_t piece = 100'000) {
  auto at = reader.step();
  while (at == progress::need_more && !bytes.empty()) {
    const auto room = reader.prepare();
    const auto size = std::min({piece, bytes.size(), room.size()});
    std::copy_n(bytes.begin(), size, room.begin());
    reader.commit(size);
    bytes.remove_prefix(size);
    at = reader.step();
  }
  return at;
}

http_reader small() {
  return http_reader{1024, 100};
}

int refusal_of(std::string_view bytes) {
  auto reader = small();
  return feed(reader, bytes) == progress::refused ? reader.refusal() : 0;
}

TEST(http_reader, reads_a_request_in_pieces_of_any_size) {
  constexpr std::string_view text = "POST /a/b?c=d%20e HTTP/1.1\r\nHost: x\r\nX-Twice: 1\r\nx-twice:  2 \r\n"
                                    "Content-Length: 5\r\n\r\nhello";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    auto reader = small();
    ASSERT_EQ(feed(reader, text, piece), progress::complete) << piece;
    EXPECT_TRUE(reader.keep_alive());
    const auto request = reader.take();
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.target, "/a/b?c=d%20e");
    EXPECT_EQ(request.path(), "/a/b");
    EXPECT_EQ(request.query(), "c=d%20e");
    EXPECT_EQ(request.header("HOST"), "x");
    EXPECT_EQ(request.header("x-twice"), "1");
    EXPECT_EQ(request.header("x-none"), "");
    EXPECT_EQ(request.headers.size(), 4U);
    EXPECT_EQ(request.headers[2].second, "2");
    EXPECT_EQ(request.body, "hello");
    EXPECT_FALSE(reader.started());
  }
}

TEST(http_reader, takes_chunks_together_and_does_not_take_trailers_for_headers) {
  auto reader = small();
  ASSERT_EQ(feed(reader,
                 "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n"
                 "Authorization: forged\r\n\r\n",
                 7),
            progress::complete);
  const auto request = reader.take();
  EXPECT_EQ(request.body, "abcde");
  EXPECT_EQ(request.header("authorization"), "");
}

TEST(http_reader, reads_chunks_in_pieces_of_any_size) {
  for (const std::string chunks : {"0\r\n\r\n", "1\r\nx\r\n0\r\n\r\n", "2;a=b\r\nxy\r\n00\r\nT: t\r\n\r\n"}) {
    const auto text = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks;
    for (std::size_t piece = 1; piece <= text.size(); ++piece) {
      auto reader = small();
      EXPECT_EQ(feed(reader, text, piece), progress::complete) << chunks << piece;
    }
  }
}

TEST(http_reader, finds_the_next_request_in_what_is_buffered) {
  auto reader = small();
  ASSERT_EQ(feed(reader, "GET /1 HTTP/1.1\r\n\r\n\r\nGET /2 HTTP/1.1\r\nConnection: close\r\n\r\nGET"),
            progress::complete);
  EXPECT_EQ(reader.take().target, "/1");
  EXPECT_TRUE(reader.started());
  ASSERT_EQ(reader.step(), progress::complete);
  EXPECT_FALSE(reader.keep_alive());
  EXPECT_EQ(reader.take().target, "/2");
  EXPECT_EQ(reader.step(), progress::need_more);
  EXPECT_TRUE(reader.started());
  EXPECT_FALSE(reader.in_body());
}

TEST(http_reader, asks_for_the_body_once_when_the_client_waits) {
  auto reader = small();
  EXPECT_EQ(feed(reader, "POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"),
            progress::wants_continue);
  EXPECT_EQ(reader.step(), progress::need_more);
  EXPECT_TRUE(reader.in_body());
  EXPECT_EQ(feed(reader, "ab"), progress::complete);
  EXPECT_EQ(reader.take().body, "ab");
}

TEST(http_reader, refuses_a_body_above_the_limit_however_it_is_framed) {
  EXPECT_EQ(refusal_of("POST / HTTP/1.1\r\nContent-Length: 101\r\n\r\n"), 413);
  EXPECT_EQ(refusal_of("POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 101\r\n\r\n"), 413);
  EXPECT_EQ(refusal_of("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n"), 413);
  EXPECT_EQ(refusal_of("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n64\r\n" + std::string(100, 'x') +
                       "\r\n1\r\n"),
            413);
  EXPECT_EQ(refusal_of("POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\n" + std::string(100, 'x')), 0);
}

TEST(http_reader, refuses_a_header_above_the_limit_even_without_an_end) {
  EXPECT_EQ(refusal_of("GET / HTTP/1.1\r\nX: " + std::string(2000, 'x') + "\r\n\r\n"), 431);
  EXPECT_EQ(refusal_of("GET / HTTP/1.1\r\nX: " + std::string(100'000, 'x')), 431);
  EXPECT_EQ(refusal_of("GET /" + std::string(100'000, 'x')), 431);
}

TEST(http_reader, counts_a_header_that_comes_in_pieces_as_a_whole) {
  // Found by fuzz/http_reader.cpp: what had been parsed no longer counted.
  std::string text = "GET / HTTP/1.1\r\n";
  for (int i = 0; i < 185; ++i)
    text += "A: b\r\n";
  auto reader = small();
  ASSERT_EQ(feed(reader, text + "\r\n", 132), progress::refused);
  EXPECT_EQ(reader.refusal(), 431);
}

TEST(http_reader, keeps_no_chunk_extension_or_trailers_beyond_the_header_limit) {
  const std::string head = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
  std::string trailers = head + "1\r\nx\r\n0\r\n";
  for (int i = 0; i < 1000; ++i)
    trailers += "T: x\r\n";
  EXPECT_EQ(refusal_of(head + "1;" + std::string(1'000'000, 'e')), 431);
  EXPECT_EQ(refusal_of(trailers), 431);
}

TEST(http_reader, refuses_what_is_not_http_or_could_be_read_in_two_ways) {
  EXPECT_EQ(refusal_of("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"), 400);
  EXPECT_EQ(refusal_of("hello\r\n\r\n"), 400);
  EXPECT_EQ(refusal_of("GET / HTTP/2.0\r\n\r\n"), 400);
  EXPECT_EQ(refusal_of("POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"), 400);
  EXPECT_EQ(refusal_of("POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
  EXPECT_EQ(refusal_of("POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"), 400);
  EXPECT_EQ(refusal_of("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), 400);
  EXPECT_EQ(refusal_of("GET / HTTP/1.1\r\nA : b\r\n\r\n"), 400);
}

TEST(http_reader, does_not_offer_a_kept_connection_to_http_1_0) {
  auto reader = small();
  ASSERT_EQ(feed(reader, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), progress::complete);
  EXPECT_FALSE(reader.keep_alive());
}

} // namespace
} // namespace causeway::net
