// SPDX-License-Identifier: Apache-2.0
#include "causeway_bench/floor_http.h"

#include <gtest/gtest.h>

namespace causeway::bench {
namespace {

using step = floor_request_reader::step;

constexpr std::string_view post = "POST /webhook/meters HTTP/1.1\r\nHost: there\r\ncontent-length: 4\r\n"
                                  "Authorization:  Basic eDp5 \r\n\r\nbody";

TEST(floor_http, a_request_that_comes_byte_by_byte_is_read_when_it_is_whole) {
  floor_request_reader reader;
  floor_request request;
  for (const char byte : post.substr(0, post.size() - 1)) {
    reader.input() += byte;
    ASSERT_EQ(reader.next(request), step::more);
  }
  reader.input() += post.back();
  ASSERT_EQ(reader.next(request), step::whole);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, "/webhook/meters");
  EXPECT_EQ(request.authorization, "Basic eDp5");
  EXPECT_EQ(request.body, "body");
  EXPECT_FALSE(request.last);
  EXPECT_EQ(reader.next(request), step::more);
}

TEST(floor_http, two_requests_in_one_read_are_two) {
  floor_request_reader reader;
  reader.input().append(post).append("GET /metrics HTTP/1.1\r\nConnection: close\r\n\r\n");
  floor_request request;
  ASSERT_EQ(reader.next(request), step::whole);
  ASSERT_EQ(reader.next(request), step::whole);
  EXPECT_EQ(request.target, "/metrics");
  EXPECT_EQ(request.body, "");
  EXPECT_EQ(request.authorization, "");
  EXPECT_TRUE(request.last);
  EXPECT_EQ(reader.next(request), step::more);
}

TEST(floor_http, what_the_generator_never_sends_is_refused) {
  const std::string long_head(17UL * 1024, 'x');
  for (const auto& bytes :
       {std::string{"POST / HTTP/1.0\r\n\r\n"}, std::string{"POST / HTTP/1.1\r\nContent-Length: 1x\r\n\r\n"},
        std::string{"POST / HTTP/1.1\r\nContent-Length: 9999999\r\n\r\n"},
        std::string{"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"}, std::string{"\r\n\r\n"},
        long_head}) {
    floor_request_reader reader;
    reader.input() += bytes;
    floor_request request;
    EXPECT_EQ(reader.next(request), step::broken) << bytes.substr(0, 60);
  }
}

TEST(floor_http, an_answer_says_how_long_it_is) {
  EXPECT_EQ(make_answer(200, "{}"),
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
  EXPECT_EQ(make_answer(400, "{}").substr(0, 24), "HTTP/1.1 400 Bad Request");
}

} // namespace
} // namespace causeway::bench
