// SPDX-License-Identifier: Apache-2.0
#include "net/http2_chatter.h"

#include <gtest/gtest.h>

#include <string>

namespace causeway::net {
namespace {

constexpr std::uint8_t data = 0, headers = 1, priority = 2, window_update = 8;

std::string frame(std::uint8_t type, std::size_t size, std::uint8_t flags = 0) {
  std::string out(9 + size, '\0');
  out[1] = static_cast<char>(size >> 8);
  out[2] = static_cast<char>(size & 0xff);
  out[3] = static_cast<char>(type);
  out[4] = static_cast<char>(flags);
  return out;
}

std::string times(const std::string& what, int count) {
  std::string out;
  for (int i = 0; i < count; ++i)
    out += what;
  return out;
}

struct chatter_test : testing::Test {
  http2_chatter heard;
  mono_time now{std::chrono::hours{1}};

  void SetUp() override { EXPECT_TRUE(heard.take("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", now)); }
};

TEST_F(chatter_test, ends_who_sends_frames_without_end_that_ask_for_nothing) {
  for (const auto& one : {frame(data, 0), frame(priority, 5), frame(window_update, 4), frame(0x6, 8),
                          frame(0x4, 0), frame(0xee, 3)}) {
    http2_chatter fresh;
    EXPECT_TRUE(fresh.take(std::string(24, 'P') + times(one, 4'000), now));
    EXPECT_FALSE(fresh.take(one, now));
  }
}

TEST_F(chatter_test, finds_frames_wherever_the_pieces_are_cut) {
  const auto one = frame(headers, 40) + frame(data, 300) + frame(window_update, 4);
  const auto in_pieces = [&](const std::string& all) {
    bool fine = true;
    for (std::size_t i = 0; i < all.size(); i += 7)
      fine = heard.take(std::string_view{all}.substr(i, 7), now);
    return fine;
  };
  EXPECT_TRUE(in_pieces(times(one, 4'000)));
  EXPECT_FALSE(in_pieces(one));
}

TEST_F(chatter_test, requests_and_their_bodies_are_none) {
  const auto request = frame(headers, 40) + frame(data, 1) + frame(9, 10) + frame(3, 4) + frame(data, 0, 1);
  EXPECT_TRUE(heard.take(times(request, 10'000), now));
}

TEST_F(chatter_test, time_and_answers_forgive_it) {
  const auto some = times(frame(window_update, 4), 200);
  for (int second = 0; second < 100; ++second, now += std::chrono::seconds{1})
    EXPECT_TRUE(heard.take(some, now));
  for (int i = 0; i < 100'000; ++i) {
    heard.on_answer();
    EXPECT_TRUE(heard.take(times(frame(window_update, 4), 3), now));
  }
}

} // namespace
} // namespace causeway::net
