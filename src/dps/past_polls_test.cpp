// SPDX-License-Identifier: Apache-2.0
#include "dps/past_polls.h"

#include "dps/registration.h"

#include <gtest/gtest.h>

namespace causeway::dps {
namespace {

using namespace std::chrono_literals;

const registration_id one{"one"}, other{"other"};
constexpr mono_time now{1h};

TEST(past_polls, are_those_of_the_ids_last_registration) {
  past_polls kept;
  EXPECT_TRUE(kept.of(one).empty());
  kept.keep(one, {now - 3s, now - 1s}, now);
  kept.keep(other, {now}, now);
  EXPECT_EQ(kept.of(one), (std::vector{now - 3s, now - 1s}));
  kept.keep(one, {now - 1s, now + 1s}, now + 1s);
  EXPECT_EQ(kept.of(one), (std::vector{now - 1s, now + 1s}));
}

TEST(past_polls, are_forgotten_when_dps_counts_them_no_longer) {
  past_polls kept;
  kept.keep(one, {now}, now);
  kept.keep(other, {}, now + polls_span - 1ns);
  EXPECT_FALSE(kept.of(one).empty());
  kept.keep(other, {}, now + polls_span);
  EXPECT_TRUE(kept.of(one).empty());
}

TEST(past_polls, of_a_later_registration_stay_when_those_before_it_go) {
  past_polls kept;
  kept.keep(one, {now}, now);
  kept.keep(one, {now + 5s}, now + 5s);
  kept.keep(other, {}, now + polls_span);
  EXPECT_EQ(kept.of(one), std::vector{now + 5s});
}

TEST(past_polls, none_leave_what_was_before) {
  past_polls kept;
  kept.keep(one, {now}, now);
  kept.keep(one, {}, now + 1s);
  EXPECT_EQ(kept.of(one), std::vector{now});
}

} // namespace
} // namespace causeway::dps
