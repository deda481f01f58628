// SPDX-License-Identifier: Apache-2.0
// What there is room for; what comes of it over a fleet is in fleet_early_polls_test.
#include "dps/early_polls.h"

#include <gtest/gtest.h>

namespace causeway::dps {
namespace {

using namespace std::chrono_literals;

constexpr double quota = 10;

struct early_polls_test : testing::Test {
  early_polls early;
  const mono_time now{1h};

  void take(int registrations, int in_vain, mono_time at) {
    for (int i = 0; i < registrations; ++i)
      early.on_registration(at);
    for (int i = 0; i < in_vain; ++i)
      early.on_sent(at);
  }
};

TEST_F(early_polls_test, what_has_room) {
  struct row {
    int registrations, in_vain;
    double to_come;
    bool has_turn;
  };
  const row rows[] = {
      {0, 0, 0, true}, {0, 0, 9, true}, {0, 0, 10, false}, {9, 0, 0, true}, {10, 0, 0, false},
      {0, 9, 0, true}, {5, 4, 0, true}, {5, 5, 0, false},  {3, 3, 3, true}, {3, 3, 4, false},
  };
  for (const auto& row : rows) {
    early = {};
    take(row.registrations, row.in_vain, now);
    EXPECT_EQ(early.has_turn(quota, row.to_come, now), row.has_turn)
        << row.registrations << " " << row.in_vain << " " << row.to_come;
  }
}

TEST_F(early_polls_test, one_that_has_brought_a_hub_was_not_in_vain) {
  take(5, 4, now);
  early.on_sent(now + 1s);
  EXPECT_FALSE(early.has_turn(quota, 0, now + 2s));
  early.on_hub(now + 1s);
  EXPECT_TRUE(early.has_turn(quota, 0, now + 2s));
  early.on_hub(now + 5s); // of no known one
}

TEST_F(early_polls_test, polls_count_for_a_minute_and_registrations_until_they_have_polled) {
  take(5, 5, now);
  EXPECT_FALSE(early.has_turn(quota, 0, now + 59s));
  EXPECT_TRUE(early.has_turn(quota, 0, now + 60s));
  early = {};
  take(10, 0, now);
  EXPECT_FALSE(early.has_turn(quota, 0, now + 74s));
  EXPECT_TRUE(early.has_turn(quota, 0, now + 75s));
}

TEST_F(early_polls_test, registrations_wait_for_what_those_in_vain_have_taken) {
  take(5, 0, now);
  EXPECT_EQ(early.next_registration(quota, now + 1s), now + 1s) << "none in vain";
  take(0, 4, now + 1s);
  EXPECT_EQ(early.next_registration(quota, now + 2s), now + 2s) << "one place is left";
  take(0, 1, now + 2s);
  EXPECT_EQ(early.next_registration(quota, now + 3s), now + 60s) << "the oldest place";
  EXPECT_EQ(early.next_registration(quota, now + 60s), now + 60s);
}

TEST_F(early_polls_test, registrations_alone_keep_nobody_waiting) {
  take(30, 0, now);
  EXPECT_EQ(early.next_registration(quota, now), now);
  take(0, 1, now - 60s);
  EXPECT_EQ(early.next_registration(quota, now), now) << "and those in vain for a minute only";
}

TEST_F(early_polls_test, a_refusal_ends_them_for_an_hour) {
  EXPECT_TRUE(early.on_refused(now));
  EXPECT_FALSE(early.on_refused(now + 1min)) << "no news";
  EXPECT_EQ(early.off_until(), now + 61min);
  EXPECT_FALSE(early.has_turn(quota, 0, now + 61min - 1ns));
  EXPECT_TRUE(early.has_turn(quota, 0, now + 61min));
  EXPECT_TRUE(early.on_refused(now + 61min)) << "news again";
}

} // namespace
} // namespace causeway::dps
