// SPDX-License-Identifier: Apache-2.0
#include "net/http_reader.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace causeway::net {
namespace {

using progress = http_reader::progress;

progress step_over_head(http_reader& reader) {
  const auto at = reader.step();
  return at == progress::head ? reader.step() : at;
}

// Feeds all bytes, `piece` at a time, and stops where the reader wants something else than more.
progress feed(http_reader& reader, std::string_view bytes, std::size_t piece = 100'000) {
  auto at = step_over_head(reader);
  while (at == progress::need_more && !bytes.empty()) {
    const auto room = reader.prepare();
    const auto size = std::min({piece, bytes.size(), room.size()});
    std::copy_n(bytes.begin(), size, room.begin());
    reader.commit(size);
    bytes.remove_prefix(size);
    at = step_over_head(reader);
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
  ASSERT_EQ(
      feed(reader,
           "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n"
           "Authorization: forged\r\n\r\n",
           7),
      progress::complete);
  const auto request = reader.take();
  EXPECT_EQ(request.body, "abcde");
  EXPECT_EQ(request.header("authorization"), "");
}

TEST(http_reader, reads_chunks_in_pieces_of_any_size) {
  for (const std::string chunks : {"0\r\n\r\n", "1\r\nx\r\n0\r\n\r\n", "2;a=b\r\nxy\r\n00\r\nT: t\r\n\r\n"}) {
    const auto text = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks;
    for (std::size_t piece = 1; piece <= text.size(); ++piece) {
      auto reader = small();
      EXPECT_EQ(feed(reader, text, piece), progress::complete) << chunks << piece;
    }
  }
}

TEST(http_reader, finds_the_next_request_in_what_is_buffered) {
  auto reader = small();
  ASSERT_EQ(
      feed(
          reader,
          "GET /1 HTTP/1.1\r\nHost: x\r\n\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\nGET"),
      progress::complete);
  EXPECT_EQ(reader.take().target, "/1");
  EXPECT_TRUE(reader.started());
  ASSERT_EQ(step_over_head(reader), progress::complete);
  EXPECT_FALSE(reader.keep_alive());
  EXPECT_EQ(reader.take().target, "/2");
  EXPECT_EQ(reader.step(), progress::need_more);
  EXPECT_TRUE(reader.started());
  EXPECT_FALSE(reader.in_body());
}

TEST(http_reader, asks_for_the_body_once_when_the_client_waits) {
  auto reader = small();
  EXPECT_EQ(feed(reader, "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"),
            progress::wants_continue);
  EXPECT_EQ(reader.step(), progress::need_more);
  EXPECT_TRUE(reader.in_body());
  EXPECT_EQ(feed(reader, "ab"), progress::complete);
  EXPECT_EQ(reader.take().body, "ab");
}

TEST(http_reader, refuses_a_body_above_the_limit_however_it_is_framed) {
  EXPECT_EQ(refusal_of("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 101\r\n\r\n"), 413);
  EXPECT_EQ(refusal_of("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 101\r\n\r\n"),
            413);
  EXPECT_EQ(refusal_of("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n"), 413);
  EXPECT_EQ(refusal_of("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n64\r\n" +
                       std::string(100, 'x') + "\r\n1\r\n"),
            413);
  EXPECT_EQ(refusal_of("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n" + std::string(100, 'x')),
            0);
}

TEST(http_reader, refuses_a_header_above_the_limit_even_without_an_end) {
  EXPECT_EQ(refusal_of("GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(2000, 'x') + "\r\n\r\n"), 431);
  EXPECT_EQ(refusal_of("GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(100'000, 'x')), 431);
  EXPECT_EQ(refusal_of("GET /" + std::string(100'000, 'x')), 431);
}

TEST(http_reader, counts_a_header_that_comes_in_pieces_as_a_whole) {
  // Found by fuzz/http_reader.cpp: what had been parsed no longer counted.
  std::string text = "GET / HTTP/1.1\r\nHost: x\r\n";
  for (int i = 0; i < 185; ++i)
    text += "A: b\r\n";
  auto reader = small();
  ASSERT_EQ(feed(reader, text + "\r\n", 132), progress::refused);
  EXPECT_EQ(reader.refusal(), 431);
}

TEST(http_reader, keeps_no_chunk_extension_or_trailers_beyond_the_header_limit) {
  const std::string head = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
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
  EXPECT_EQ(refusal_of("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"), 400);
  EXPECT_EQ(
      refusal_of("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"),
      400);
  EXPECT_EQ(refusal_of("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n"), 400);
  EXPECT_EQ(refusal_of("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), 400);
  EXPECT_EQ(refusal_of("GET / HTTP/1.1\r\nHost: x\r\nA : b\r\n\r\n"), 400);
}

TEST(http_reader, tells_of_the_head_before_it_looks_at_the_body) {
  auto reader = small();
  const std::string_view text = "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 101\r\n\r\n";
  const auto room = reader.prepare();
  std::copy(text.begin(), text.end(), room.begin());
  reader.commit(text.size());
  ASSERT_EQ(reader.step(), progress::head);
  EXPECT_EQ(reader.head().target, "/x");
  EXPECT_EQ(reader.step(), progress::refused);
  EXPECT_EQ(reader.refusal(), 413);
}

TEST(http_reader, throws_a_body_away_that_nobody_wants) {
  for (const std::string body :
       {"Content-Length: 3\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"}) {
    auto reader = small();
    const auto text = "POST /x HTTP/1.1\r\nHost: a\r\n" + body + "GET /y HTTP/1.1\r\nHost: a\r\n\r\n";
    const auto room = reader.prepare();
    std::copy(text.begin(), text.end(), room.begin());
    reader.commit(text.size());
    ASSERT_EQ(reader.step(), progress::head);
    reader.discard_body();
    ASSERT_EQ(reader.step(), progress::complete);
    EXPECT_EQ(reader.take().body, "");
    ASSERT_EQ(step_over_head(reader), progress::complete);
    EXPECT_EQ(reader.take().target, "/y");
  }
}

// RFC 9112 sections 3.2, 3.3 and 6; who is before us must see each request end where we do.
TEST(http_reader, refuses_every_framing_that_rfc_9112_calls_faulty) {
  const struct {
    const char* lines;
    int status;
  } table[] = {
      {"Transfer-Encoding: gzip\r\n", 400},
      {"Transfer-Encoding: identity\r\n", 400},
      {"Transfer-Encoding: xchunked\r\n", 400},
      {"Transfer-Encoding: chunkedx\r\n", 400},
      {"Transfer-Encoding: chunked, identity\r\n", 400},
      {"Transfer-Encoding: chunked, gzip\r\n", 400},
      {"Transfer-Encoding: chunked;q=1\r\n", 400},
      {"Transfer-Encoding: \"chunked\"\r\n", 400},
      {"Transfer-Encoding: \x0b"
       "chunked\r\n",
       400},
      {"Transfer-Encoding:\r\n", 400},
      {"Transfer-Encoding: ,\r\n", 400},
      {"Transfer-Encoding: gzip, chunked\r\n", 501},
      {"Transfer-Encoding: identity, chunked\r\n", 501},
      {"Transfer-Encoding: chunked, chunked\r\n", 501},
      {"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", 400},
      {"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", 400},
      {"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", 400},
      {"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", 400},
      {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", 400},
      {"Transfer-Encoding: gzip\r\nContent-Length: 5\r\n", 400},
      {"Transfer-Encoding: identity\r\nContent-Length: 5\r\n", 400},
      {"Transfer-Encoding: xchunked\r\nContent-Length: 5\r\n", 400},
      {"Transfer-Encoding: chunked, identity\r\nContent-Length: 5\r\n", 400},
      {"Transfer-Encoding : chunked\r\n", 400},
      {"Content-Length: 5\r\nContent-Length: 5\r\n", 400},
      {"Content-Length: 5, 5\r\n", 400},
      {"Content-Length: 5, 6\r\n", 400},
      {"Content-Length:\r\n", 400},
      {"Content-Length: +5\r\n", 400},
      {"Content-Length: 0x5\r\n", 400},
      {"Content-Length: 5 5\r\n", 400},
      {"Content-Length: 18446744073709551616\r\n", 400},
      {"Host: y\r\n", 400},
      {"Host: x\r\n", 400},
      {"A: b\n\r\n", 400},
      {"A: b\rC: d\r\n", 400},
      {"A\r\n", 400},
      {": b\r\n", 400},
      {"Transfer-Encoding: chunked\r\n", 0},
      {"Transfer-Encoding: CHUNKED\r\n", 0},
      {"Content-Length: 0\r\n", 0},
  };
  for (const auto& [lines, status] : table)
    EXPECT_EQ(refusal_of("POST / HTTP/1.1\r\nHost: x\r\n" + std::string{lines} + "\r\n0\r\n\r\n"), status)
        << testing::PrintToString(std::string{lines});
  for (const auto* const host : {"", "Host: a b\r\n", "Host: a/b\r\n", "Host: u@h\r\n", "Host: \"a\"\r\n"})
    EXPECT_EQ(refusal_of("POST / HTTP/1.1\r\n" + std::string{host} + "\r\n"), 400) << host;
  for (const auto* const host : {"Host:\r\n", "Host: a.b:80\r\n", "Host: [::1]:80\r\n", "Host: a_b\r\n"})
    EXPECT_EQ(refusal_of("POST / HTTP/1.1\r\n" + std::string{host} + "\r\n"), 0) << host;
  EXPECT_EQ(refusal_of("GET / HTTP/1.0\r\n\r\n"), 0);
  EXPECT_EQ(refusal_of("GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
}

TEST(http_reader, takes_a_target_in_absolute_form_and_its_authority_for_the_host) {
  const struct {
    const char *target, *path, *host;
  } table[] = {
      {"http://gate:80/webhook/a?x=1", "/webhook/a?x=1", "gate:80"},
      {"HTTPS://[::1]/webhook/a", "/webhook/a", "[::1]"},
      {"http://gate", "/", "gate"},
      {"http://gate?x", "/?x", "gate"},
      {"/http://gate/x", "/http://gate/x", "other"},
      {"*", nullptr, ""},
      {"webhook/a", nullptr, ""},
      {"gate:80", nullptr, ""},
      {"http:///webhook/a", nullptr, ""},
      {"http://u@gate/webhook/a", nullptr, ""},
      {"ftp://gate/webhook/a", nullptr, ""},
  };
  for (const auto& [target, path, host] : table) {
    auto reader = small();
    const auto at = feed(reader, "POST " + std::string{target} + " HTTP/1.1\r\nHost: other\r\n\r\n");
    ASSERT_EQ(at, path == nullptr ? progress::refused : progress::complete) << target;
    if (path == nullptr) continue;
    const auto request = reader.take();
    EXPECT_EQ(request.target, path);
    EXPECT_EQ(request.header("Host"), host);
  }
  EXPECT_EQ(refusal_of("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n"), 0);
}

TEST(http_reader, does_not_offer_a_kept_connection_to_http_1_0) {
  auto reader = small();
  ASSERT_EQ(feed(reader, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), progress::complete);
  EXPECT_FALSE(reader.keep_alive());
}

} // namespace
} // namespace causeway::net
