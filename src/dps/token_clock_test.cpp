// SPDX-License-Identifier: Apache-2.0
#include "dps/token_clock.h"

#include <gtest/gtest.h>

namespace causeway::dps {
namespace {

using namespace std::chrono_literals;

struct token_clock_test : testing::Test {
  manual_clock time;
  service_clocks clocks;
  token_clock tokens{"DPS of azure.field"};
};

TEST_F(token_clock_test, is_this_machines_and_each_trouble_a_devices_own_until_it_follows_the_services) {
  tokens.on_answer({{"Date", "Thu, 01 Jan 2026 02:00:00 GMT"}},
                   time.now()); // the manual clock begins at midnight
  EXPECT_EQ(tokens.by_theirs(time.now()).wall, time.now().wall);
  EXPECT_FALSE(tokens.is_everybodys(errc::clock_skew));
}

TEST_F(token_clock_test, follows_the_date_of_the_answers) {
  tokens.follow(clocks);
  EXPECT_EQ(tokens.by_theirs(time.now()).wall, time.now().wall) << "nothing is known yet";
  tokens.on_answer({{"Date", "Thu, 01 Jan 2026 02:00:00 GMT"}}, time.now());
  EXPECT_EQ(tokens.by_theirs(time.now()).wall, time.now().wall + 2h);
  EXPECT_EQ(tokens.by_theirs(time.now()).mono, time.now().mono);
}

TEST_F(token_clock_test, knows_what_is_nobodys_own_trouble) {
  tokens.follow(clocks);
  for (const auto code : {errc::clock_skew, errc::tls_untrusted, errc::local_authentication_off})
    EXPECT_TRUE(tokens.is_everybodys(code)) << describe(code).name;
  for (const auto code : {errc::dps_unauthorized, errc::dps_throttled, errc::connection_refused})
    EXPECT_FALSE(tokens.is_everybodys(code)) << describe(code).name;
}

TEST_F(token_clock_test, a_correction_is_good_for_all_that_were_under_way) {
  const mono_time sent{1h}, now = sent + 20ms;
  EXPECT_TRUE(tokens.corrects(sent, now));
  EXPECT_TRUE(tokens.corrects(sent, now));
  EXPECT_TRUE(tokens.corrects(sent, now + 5s)) << "answered later";
  EXPECT_TRUE(tokens.corrects(now, now)) << "sent and answered in the same moment";
}

TEST_F(token_clock_test, the_next_correction_is_a_minute_later) {
  const mono_time first{1h};
  EXPECT_TRUE(tokens.corrects(first, first));
  EXPECT_FALSE(tokens.corrects(first + 1s, first + 2s));
  EXPECT_FALSE(tokens.corrects(first + 59s, first + 60s));
  EXPECT_TRUE(tokens.corrects(first + 60s, first + 61s));
  EXPECT_FALSE(tokens.corrects(first + 62s, first + 62s));
}

} // namespace
} // namespace causeway::dps
