// SPDX-License-Identifier: Apache-2.0
#include "base/service_clocks.h"

#include <gtest/gtest.h>

namespace causeway {
namespace {

using owner = service_clocks::owner;
using std::chrono::hours;
using std::chrono::minutes;

struct service_clocks_test : testing::Test {
  manual_clock clock;
  service_clocks subject;
  moment now() const { return clock.now(); }
  // As of a machine whose clock somebody sets.
  moment set_by(std::chrono::nanoseconds step) const {
    return {now().mono, now().wall + std::chrono::duration_cast<wall_time::duration>(step)};
  }
};

TEST_F(service_clocks_test, tokens_are_made_by_this_machines_time_while_nothing_else_is_known) {
  EXPECT_EQ(subject.time("hub", now()), now().wall);
  EXPECT_FALSE(subject.take_change());
}

TEST_F(service_clocks_test, a_services_own_word_counts_for_it_in_both_directions) {
  subject.on_time("hub", owner::azure, now().wall + minutes{40}, now());
  subject.on_time("other", owner::azure, now().wall - minutes{10}, now());
  EXPECT_TRUE(subject.take_change());
  EXPECT_FALSE(subject.take_change());
  clock.advance(hours{3});
  EXPECT_EQ(subject.time("hub", now()), now().wall + minutes{40});
  EXPECT_EQ(subject.time("other", now()), now().wall - minutes{10});
}

TEST_F(service_clocks_test, whoever_has_not_spoken_is_given_the_latest_time_of_the_others) {
  subject.on_time("DPS", owner::azure, now().wall + minutes{40}, now());
  subject.on_time("registry", owner::things_stack, now().wall + minutes{41}, now());
  EXPECT_EQ(subject.time("hub", now()), now().wall + minutes{41});
  // But no time behind ours: a token would live shorter; and not any day that a stack may name.
  service_clocks behind;
  behind.on_time("DPS", owner::azure, now().wall - minutes{40}, now());
  behind.on_time("registry", owner::things_stack, now().wall + hours{25}, now());
  EXPECT_EQ(behind.time("hub", now()), now().wall);
}

TEST_F(service_clocks_test, seconds_are_no_difference) {
  subject.on_time("hub", owner::azure, now().wall + seconds{29}, now());
  EXPECT_EQ(subject.time("hub", now()), now().wall);
  EXPECT_FALSE(subject.take_change());
}

TEST_F(service_clocks_test, setting_the_clock_is_a_jump_and_forgets_what_was_known) {
  EXPECT_FALSE(subject.observe(now()));
  subject.on_time("hub", owner::azure, now().wall + hours{2}, now());
  clock.advance(minutes{1});
  EXPECT_FALSE(subject.observe(now()));
  static_cast<void>(subject.take_change());
  EXPECT_TRUE(subject.observe(set_by(hours{2})));
  EXPECT_TRUE(subject.take_change());
  EXPECT_EQ(subject.time("hub", set_by(hours{2})), set_by(hours{2}).wall);
  EXPECT_TRUE(subject.readings(now()).empty());
  EXPECT_FALSE(subject.observe(set_by(hours{2} + seconds{2}))); // NTP's small steps
  EXPECT_TRUE(subject.observe(set_by(hours{1})));
}

TEST_F(service_clocks_test, a_services_time_does_not_move_with_this_machines) {
  subject.on_time("hub", owner::azure, now().wall + hours{2}, now());
  // Set right, and not observed yet.
  EXPECT_EQ(subject.time("hub", set_by(hours{2})), now().wall + hours{2});
}

TEST_F(service_clocks_test, the_date_of_an_answer_is_read) {
  subject.on_answer("registry", owner::things_stack, {{"Content-Type", "x"}, {"date", "noon"}}, now());
  EXPECT_TRUE(subject.readings(now()).empty());
  // The manual clock begins at 2026-01-01T00:00:00Z.
  subject.on_answer("registry", owner::things_stack, {{"Date", "Thu, 01 Jan 2026 00:40:00 GMT"}}, now());
  const auto seen = subject.readings(now());
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].service, "registry");
  EXPECT_EQ(seen[0].ahead, minutes{40});
}

} // namespace
} // namespace causeway
