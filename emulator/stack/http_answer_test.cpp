// SPDX-License-Identifier: Apache-2.0
#include "emulator/stack/http_answer.h"

#include <gtest/gtest.h>

namespace causeway::emulator {
namespace {

std::optional<http_answer_summary> read(std::string_view bytes) {
  http_answer_reader reader;
  reader.feed(bytes);
  return reader.next();
}

TEST(http_answer_reader, reads_answers_that_arrive_byte_by_byte) {
  http_answer_reader reader;
  const std::string bytes = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
  for (std::size_t i = 0; i + 1 < bytes.size(); ++i) {
    reader.feed(bytes.substr(i, 1));
    ASSERT_FALSE(reader.next());
  }
  reader.feed("}");
  const auto answer = reader.next();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_FALSE(answer->last);
}

TEST(http_answer_reader, reads_several_answers_from_one_buffer) {
  http_answer_reader reader;
  reader.feed(
      "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 503 Busy\r\ncontent-length:1\r\nRetry-After: 1\r\n\r\nx");
  EXPECT_EQ(reader.next()->status, 204);
  EXPECT_EQ(reader.next()->status, 503);
  EXPECT_FALSE(reader.next());
}

TEST(http_answer_reader, knows_when_the_connection_ends) {
  EXPECT_TRUE(read("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")->last);
  EXPECT_TRUE(read("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n")->last);
  EXPECT_TRUE(read("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")->last);
  EXPECT_TRUE(read("HTTP/1.1 200 OK\r\n\r\n")->last);
}

TEST(http_answer_reader, passes_over_interim_answers) {
  EXPECT_EQ(read("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")->status, 200);
}

TEST(http_answer_reader, gives_up_on_what_is_no_answer) {
  for (const auto* bytes :
       {"SSH-2.0-OpenSSH\r\n\r\n", "HTTP/1.1 xx OK\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"}) {
    const auto answer = read(bytes);
    ASSERT_TRUE(answer) << bytes;
    EXPECT_EQ(answer->status, 0);
    EXPECT_TRUE(answer->last);
  }
  EXPECT_EQ(read(std::string(20'000, 'x'))->status, 0);
}

} // namespace
} // namespace causeway::emulator
