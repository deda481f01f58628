// SPDX-License-Identifier: Apache-2.0
#include "dps/agenda.h"

#include <gtest/gtest.h>

namespace causeway::dps {
namespace {

using namespace std::chrono_literals;

constexpr auto poll = request_kind::poll, repeat = request_kind::register_device;

struct agenda_test : testing::Test {
  registration_table table;
  agenda steps{table};
  const mono_time now{1h};

  candidate& add(std::uint32_t device) {
    return table.join(device_ref{device}, registration_id{"dev-" + std::to_string(device)});
  }
};

TEST_F(agenda_test, an_empty_one_has_nothing_to_do) {
  EXPECT_EQ(steps.next(), mono_time::max());
  EXPECT_EQ(steps.take_due(now), nullptr);
  EXPECT_EQ(steps.first_ready(poll), nullptr);
  EXPECT_FALSE(steps.may_have_ready(poll));
}

TEST_F(agenda_test, steps_are_due_in_the_order_of_their_times) {
  auto &one = add(1), &other = add(2);
  steps.schedule(one, now + 2s);
  steps.schedule(other, now + 1s);
  EXPECT_EQ(steps.next(), now + 1s);
  EXPECT_EQ(steps.take_due(now), nullptr);
  EXPECT_EQ(steps.take_due(now + 5s), &other);
  EXPECT_EQ(steps.take_due(now + 5s), &one);
  EXPECT_EQ(steps.take_due(now + 5s), nullptr) << "once each";
}

TEST_F(agenda_test, the_last_word_on_a_step_counts) {
  auto& one = add(1);
  steps.schedule(one, now + 1s);
  steps.schedule(one, now + 3s);
  EXPECT_EQ(steps.take_due(now + 2s), nullptr);
  EXPECT_EQ(steps.take_due(now + 3s), &one);
  steps.schedule(one, now + 4s);
  steps.strike(one);
  EXPECT_EQ(steps.take_due(now + 5s), nullptr);
}

TEST_F(agenda_test, who_is_forgotten_has_no_step) {
  auto &one = add(1), &other = add(2);
  steps.schedule(one, now);
  steps.make_ready(other, poll);
  table.forget(one);
  table.forget(other);
  EXPECT_EQ(steps.take_due(now), nullptr);
  EXPECT_TRUE(steps.may_have_ready(poll)) << "it is not known yet";
  EXPECT_EQ(steps.first_ready(poll), nullptr);
  EXPECT_FALSE(steps.may_have_ready(poll));
}

TEST_F(agenda_test, steps_of_each_kind_wait_in_the_order_in_which_they_became_due) {
  auto &one = add(1), &two = add(2), &three = add(3);
  steps.make_ready(two, poll);
  steps.make_ready(three, repeat);
  steps.make_ready(one, poll);
  EXPECT_EQ(steps.first_ready(poll), &two);
  EXPECT_EQ(steps.first_ready(poll), &two) << "until it is taken";
  steps.take_ready(poll);
  EXPECT_FALSE(two.ready);
  EXPECT_EQ(steps.first_ready(poll), &one);
  EXPECT_EQ(steps.first_ready(repeat), &three);
  steps.take_ready(repeat);
  EXPECT_EQ(steps.first_ready(repeat), nullptr);
}

TEST_F(agenda_test, who_is_struck_waits_no_longer) {
  auto &one = add(1), &other = add(2);
  steps.make_ready(one, poll);
  steps.make_ready(other, poll);
  steps.strike(one);
  EXPECT_EQ(steps.first_ready(poll), &other);
}

} // namespace
} // namespace causeway::dps
