// SPDX-License-Identifier: Apache-2.0
#include "stack/rate_limit.h"

#include <gtest/gtest.h>

namespace causeway::stack {
namespace {

using namespace std::chrono_literals;
using header_list = std::vector<std::pair<std::string, std::string>>;

class rate_limit_test : public testing::Test {
protected:
  milliseconds wait_after(int status, const header_list& headers) {
    subject_.on_answer(status, headers, now(), 0.5);
    return subject_.wait(now());
  }
  mono_time now() const { return time_.now().mono; }

  manual_clock time_;
  rate_limit subject_{backoff_policy{1000ms, 300'000ms, 2.0, 0.25}};
};

TEST_F(rate_limit_test, nothing_waits_while_much_is_left) {
  EXPECT_EQ(wait_after(200, {}), 0ms);
  EXPECT_EQ(wait_after(200, {{"X-Rate-Limit-Limit", "100"},
                             {"X-Rate-Limit-Available", "6"},
                             {"X-Rate-Limit-Reset", "57"}}),
            0ms);
}

TEST_F(rate_limit_test, the_last_few_are_spread_over_the_time_in_which_they_come_back) {
  // 100 a minute: one comes back each 0.6 s.
  EXPECT_EQ(
      wait_after(
          200, {{"x-ratelimit-limit", "100"}, {"X-RateLimit-AVAILABLE", "5"}, {"x-rate-limit-reset", "57"}}),
      600ms);
  EXPECT_EQ(subject_.held_for(now()), 0ms); // a single look-up need not wait
  time_.advance(599ms);
  EXPECT_EQ(subject_.wait(now()), 1ms);
  time_.advance(1ms);
  EXPECT_EQ(subject_.wait(now()), 0ms);
  EXPECT_EQ(wait_after(200, {{"X-Rate-Limit-Available", "0"}, {"X-Rate-Limit-Reset", "2"}}), 2s);
  EXPECT_EQ(wait_after(200, {{"X-Rate-Limit-Available", "90"}, {"X-Rate-Limit-Reset", "2"}}), 0ms);
}

TEST_F(rate_limit_test, a_refusal_says_how_long_to_wait) {
  EXPECT_EQ(wait_after(429, {{"X-Rate-Limit-Retry", "7"}}), 7s);
  EXPECT_EQ(subject_.held_for(now()), 7s);
}

TEST_F(rate_limit_test, a_refusal_that_says_nothing_doubles_the_pause) {
  for (const auto expected : {1s, 2s, 4s}) {
    EXPECT_EQ(wait_after(429, {}), expected);
    time_.advance(expected);
  }
  EXPECT_EQ(wait_after(200, {}), 0ms);
  EXPECT_EQ(wait_after(429, {{"X-Rate-Limit-Retry", "soon"}}), 1s);
}

TEST_F(rate_limit_test, absurd_headers_do_no_harm) {
  EXPECT_EQ(wait_after(200, {{"X-Rate-Limit-Available", "0"}, {"X-Rate-Limit-Reset", "99999999999"}}), 60s);
  EXPECT_EQ(wait_after(200, {{"X-Rate-Limit-Available", "-1"}, {"X-Rate-Limit-Reset", "9"}}), 0ms);
  EXPECT_EQ(
      wait_after(200,
                 {{"X-Rate-Limit-Limit", "0"}, {"X-Rate-Limit-Available", "3"}, {"X-Rate-Limit-Reset", "0"}}),
      0ms);
}

TEST_F(rate_limit_test, a_refusal_that_asks_for_more_than_ten_minutes_is_asked_again_after_these) {
  EXPECT_EQ(wait_after(429, {{"X-Rate-Limit-Retry", "600"}}), 600s);
  for (const auto* absurd : {"601", "4000000000", "18446744073709551615"}) {
    time_.advance(600s);
    EXPECT_EQ(wait_after(429, {{"X-Rate-Limit-Retry", absurd}}), 600s) << absurd;
  }
}

} // namespace
} // namespace causeway::stack
