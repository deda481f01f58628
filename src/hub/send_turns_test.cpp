// SPDX-License-Identifier: Apache-2.0
#include "hub/send_turns.h"

#include <gtest/gtest.h>

namespace causeway::hub {
namespace {

using namespace std::chrono_literals;

model::message of_size(std::size_t bytes) {
  return {"id", "application/json", "utf-8", std::string(bytes, 'x'), {}};
}

class send_turns_test : public testing::Test {
protected:
  // Ten a second, one at once.
  result<bool> offer(std::uint32_t device, std::uint32_t lane = 0, std::size_t bytes = 10) {
    return turns_.offer(device_ref{device}, lane, device + 1'000, of_size(bytes), time_.now().mono);
  }
  mono_time now() const { return time_.now().mono; }
  std::optional<std::uint32_t> take() {
    const auto taken = turns_.take(now());
    return taken ? std::optional{index_of(taken->device)} : std::nullopt;
  }
  error refused(errc code) { return turns_.on_refused(error{code}, now(), time_.now()); }

  manual_clock time_;
  double random_ = 0.0;
  std::shared_ptr<hub_budgets> budgets_ = std::make_shared<hub_budgets>(hub_quotas{10, 10}, time_.now().mono);
  send_turns turns_{"plant.azure-devices.net", budgets_, [this] { return random_; }};
};

TEST_F(send_turns_test, a_message_goes_at_once_within_the_budget_and_waits_beyond) {
  EXPECT_TRUE(*offer(1));
  EXPECT_FALSE(*offer(2));
  EXPECT_EQ(turns_.size(), 1U);
  EXPECT_TRUE(turns_.waits(device_ref{2}));
  EXPECT_FALSE(turns_.waits(device_ref{1}));
  EXPECT_FALSE(take());
  time_.advance(turns_.next(now()) - now());
  const auto taken = turns_.take(now());
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->device, device_ref{2});
  EXPECT_EQ(taken->seq, 1'002U);
  EXPECT_EQ(taken->what, of_size(10));
  EXPECT_EQ(turns_.next(now()), mono_time::max());
}

TEST_F(send_turns_test, nobody_overtakes_those_who_wait) {
  EXPECT_TRUE(*offer(1));
  EXPECT_FALSE(*offer(2));
  time_.advance(1s);
  EXPECT_FALSE(*offer(3)) << "there is room in the budget, and somebody waits";
  EXPECT_EQ(take(), 2U);
}

TEST_F(send_turns_test, applications_take_turns) {
  EXPECT_TRUE(*offer(0));
  for (std::uint32_t device = 1; device <= 3; ++device)
    EXPECT_FALSE(*offer(device, 0));
  EXPECT_FALSE(*offer(10, 1));
  std::vector<std::uint32_t> order;
  while (turns_.size() != 0) {
    time_.advance(200ms);
    if (const auto device = take()) order.push_back(*device);
  }
  EXPECT_EQ(order, (std::vector<std::uint32_t>{1, 10, 2, 3}));
}

TEST_F(send_turns_test, the_ten_thousandth_that_waits_is_the_last) {
  ASSERT_TRUE(*offer(0));
  for (std::uint32_t device = 1; device <= 10'000; ++device)
    ASSERT_FALSE(*offer(device));
  random_ = 0.25;
  const auto handed_back = offer(20'000);
  ASSERT_FALSE(handed_back);
  EXPECT_EQ(handed_back.fault().code(), errc::hub_throttled);
  EXPECT_EQ(handed_back.fault().retry_after(), 2'000ms) << "1 s, and up to 4 s more";
  EXPECT_EQ(turns_.size(), 10'000U);
  turns_.remove(device_ref{500});
  EXPECT_FALSE(*offer(20'000)) << "there is room again";
}

TEST_F(send_turns_test, bytes_that_wait_are_bounded_too) {
  ASSERT_TRUE(*offer(0));
  std::uint32_t waiting = 0;
  while (offer(waiting + 1, 0, 256 * 1024)) {
    ++waiting;
    ASSERT_LT(waiting, 1'000U);
  }
  EXPECT_EQ(waiting, 128U);
  turns_.remove(device_ref{1});
  EXPECT_TRUE(offer(500, 0, 256 * 1024).has_value());
  EXPECT_FALSE(offer(501, 0, 256 * 1024));
  turns_.clear();
  EXPECT_EQ(turns_.size(), 0U);
  EXPECT_TRUE(offer(502, 0, 256 * 1024).has_value());
}

TEST_F(send_turns_test, a_refusal_for_the_pace_holds_all_and_is_told_as_it_is) {
  ASSERT_TRUE(*offer(1));
  ASSERT_FALSE(*offer(2));
  const auto told = turns_.on_refused(error{errc::hub_throttled}.with_retry_after(3s), now(), time_.now());
  EXPECT_EQ(told.code(), errc::hub_throttled);
  EXPECT_EQ(told.retry_after(), 3s);
  EXPECT_EQ(turns_.refused(), 1U);
  EXPECT_EQ(turns_.next(now()), now() + 3s);
}

TEST_F(send_turns_test, a_refusal_of_the_message_alone_holds_nobody) {
  time_.advance(1s);
  const auto next = budgets_->next_send(now());
  EXPECT_EQ(refused(errc::hub_refused).code(), errc::hub_refused);
  EXPECT_EQ(turns_.refused(), 0U);
  EXPECT_EQ(budgets_->next_send(now()), next);
}

TEST_F(send_turns_test, a_used_up_day_stops_all_but_one_that_asks_after_a_minute) {
  ASSERT_TRUE(*offer(1));
  const auto told = refused(errc::hub_quota_exceeded);
  EXPECT_EQ(told.code(), errc::hub_quota_exceeded);
  EXPECT_EQ(told.retry_after(), 61s);
  EXPECT_TRUE(budgets_->day.is_used_up());
  time_.advance(1s);
  ASSERT_FALSE(*offer(2));
  ASSERT_FALSE(*offer(3));
  EXPECT_EQ(turns_.next(now()), now() + 59s);
  time_.advance(59s);
  EXPECT_EQ(take(), 2U);
  time_.advance(1s);
  EXPECT_FALSE(take()) << "one asks";
  EXPECT_TRUE(turns_.on_accepted()) << "the others may go";
  EXPECT_EQ(take(), 3U);
  EXPECT_FALSE(turns_.on_accepted()) << "no news";
}

TEST_F(send_turns_test, too_many_that_wait_for_the_day_are_handed_back_until_one_asks_again) {
  ASSERT_TRUE(*offer(0));
  static_cast<void>(refused(errc::hub_quota_exceeded));
  for (std::uint32_t device = 1; device <= 10'000; ++device)
    ASSERT_FALSE(*offer(device));
  random_ = 1.0;
  const auto handed_back = offer(20'000);
  ASSERT_FALSE(handed_back);
  EXPECT_EQ(handed_back.fault().code(), errc::hub_quota_exceeded);
  EXPECT_EQ(handed_back.fault().retry_after(), 76s) << "1 s, and a minute with up to a quarter more";
}

} // namespace
} // namespace causeway::hub
