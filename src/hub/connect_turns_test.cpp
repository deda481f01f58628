// SPDX-License-Identifier: Apache-2.0
#include "hub/connect_turns.h"

#include <gtest/gtest.h>

namespace causeway::hub {
namespace {

using namespace std::chrono_literals;

class connect_turns_test : public testing::Test {
protected:
  void push(std::uint32_t device) { turns_.push(device_ref{device}, 0, false, 0); }
  std::size_t take_all() {
    std::size_t taken = 0;
    while (turns_.take(now_))
      ++taken;
    return taken;
  }

  mono_time now_{1h};
  std::shared_ptr<hub_budgets> budgets_ = std::make_shared<hub_budgets>(hub_quotas{10, 10}, now_);
  connect_turns turns_{budgets_, [] { return 0.5; }};
  const error switched_off_{errc::local_authentication_off, "keys"};
};

TEST_F(connect_turns_test, keep_the_budget) {
  for (std::uint32_t device = 0; device < 100; ++device)
    push(device);
  EXPECT_EQ(take_all(), 1U);
  EXPECT_EQ(turns_.size(), 99U);
  const auto next = turns_.next(now_);
  EXPECT_GT(next, now_ + 90ms);
  now_ = next;
  EXPECT_EQ(take_all(), 1U);
  std::size_t taken = 2;
  for (const auto end = mono_time{1h} + 10s; now_ < end; now_ += 5ms)
    taken += take_all();
  EXPECT_GE(taken, 88U); // nine in each second, since 9.9 are a little less than the quota
  EXPECT_LE(taken, 92U);
}

TEST_F(connect_turns_test, have_nothing_to_wait_for_while_nobody_waits) {
  EXPECT_EQ(turns_.next(now_), mono_time::max());
  push(1);
  EXPECT_EQ(turns_.next(now_), now_);
  turns_.remove(device_ref{1});
  EXPECT_EQ(turns_.next(now_), mono_time::max());
}

TEST_F(connect_turns_test, a_refusal_for_the_pace_holds_all_as_told) {
  push(1);
  push(2);
  ASSERT_TRUE(turns_.take(now_));
  turns_.on_throttled(error{errc::hub_throttled}.with_retry_after(7s), now_, now_);
  EXPECT_EQ(turns_.next(now_), now_ + 7s);
  EXPECT_EQ(turns_.throttled(), 1U);
  now_ += 6'999ms;
  EXPECT_FALSE(turns_.take(now_));
  now_ += 1ms;
  EXPECT_TRUE(turns_.take(now_));
}

TEST_F(connect_turns_test, a_refusal_for_the_pace_without_a_time_holds_a_second) {
  push(1);
  turns_.on_throttled(error{errc::hub_throttled}, now_, now_);
  EXPECT_EQ(turns_.next(now_), now_ + 1s);
}

TEST_F(connect_turns_test, one_tries_for_all_while_there_is_trouble_and_pauses_grow) {
  push(1);
  ASSERT_EQ(turns_.take(now_), device_ref{1});
  EXPECT_TRUE(turns_.on_trouble(device_ref{1}, switched_off_, now_));
  push(1);
  push(2);
  push(3);
  std::vector<std::chrono::nanoseconds> pauses;
  auto last = now_;
  for (int i = 0; i < 12; ++i) {
    now_ = turns_.next(now_);
    pauses.push_back(now_ - last);
    last = now_;
    const auto device = turns_.take(now_);
    ASSERT_TRUE(device);
    EXPECT_FALSE(turns_.take(now_ + 1h)) << "a second one before the first is answered";
    EXPECT_EQ(turns_.next(now_), mono_time::max());
    EXPECT_FALSE(turns_.on_trouble(*device, switched_off_, now_)) << "no news";
    push(index_of(*device));
  }
  EXPECT_EQ(pauses[0], 500ms);
  EXPECT_EQ(pauses[1], 1s);
  EXPECT_EQ(pauses[2], 2s);
  EXPECT_EQ(pauses.back(), 60s);
}

TEST_F(connect_turns_test, refusals_of_those_that_were_under_way_do_not_make_the_pause_longer) {
  EXPECT_TRUE(turns_.on_trouble(device_ref{1}, switched_off_, now_));
  const auto next = turns_.next_trial();
  for (std::uint32_t device = 2; device < 50; ++device)
    EXPECT_FALSE(turns_.on_trouble(device_ref{device}, switched_off_, now_));
  EXPECT_EQ(turns_.next_trial(), next);
}

TEST_F(connect_turns_test, one_that_is_attached_ends_the_trouble_for_all) {
  turns_.on_trouble(device_ref{1}, switched_off_, now_);
  push(2);
  push(3);
  now_ = turns_.next(now_);
  ASSERT_TRUE(turns_.take(now_));
  EXPECT_TRUE(turns_.on_attached());
  EXPECT_FALSE(turns_.trouble());
  EXPECT_FALSE(turns_.on_attached()) << "that is over";
  now_ += 100ms + 10ms;
  EXPECT_TRUE(turns_.take(now_));
  // And the pauses begin anew.
  turns_.on_trouble(device_ref{2}, switched_off_, now_);
  EXPECT_EQ(turns_.next_trial(), now_ + 500ms);
}

TEST_F(connect_turns_test, when_the_one_that_tries_leaves_another_one_may) {
  turns_.on_trouble(device_ref{1}, switched_off_, now_);
  push(2);
  push(3);
  now_ = turns_.next(now_);
  ASSERT_EQ(turns_.take(now_), device_ref{2});
  EXPECT_FALSE(turns_.on_ended(device_ref{3})) << "it does not try";
  EXPECT_TRUE(turns_.on_ended(device_ref{2}));
  now_ += 1s;
  EXPECT_EQ(turns_.take(now_), device_ref{3});
}

TEST_F(connect_turns_test, what_was_in_the_way_may_have_gone) {
  for (int i = 0; i < 8; ++i) {
    now_ = std::max(now_, turns_.next_trial());
    turns_.on_trouble(device_ref{1}, switched_off_, now_);
  }
  push(1);
  EXPECT_GT(turns_.next(now_), now_ + 30s);
  turns_.try_now(now_);
  EXPECT_TRUE(turns_.take(now_));
  turns_.on_trouble(device_ref{1}, switched_off_, now_);
  EXPECT_EQ(turns_.next_trial(), now_ + 500ms);
}

} // namespace
} // namespace causeway::hub
