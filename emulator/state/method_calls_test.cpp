// SPDX-License-Identifier: Apache-2.0
#include "emulator/state/method_calls.h"

#include <gtest/gtest.h>

namespace causeway::emulator {
namespace {

using namespace std::chrono_literals;

class method_calls_test : public ::testing::Test {
protected:
  void call(bool is_there, std::chrono::seconds connect_wait = 0s, const std::string& name = "reboot") {
    calls_.call({identity{"dev-1"}, name, "{}", connect_wait, 30s}, is_there, clock_.now().mono,
                [this](const method_result& result) { results_.push_back(result); });
  }
  guid deliver() {
    const auto* next = calls_.next(identity{"dev-1"});
    EXPECT_NE(next, nullptr);
    const auto id = next->id;
    calls_.note_delivery(id);
    return id;
  }
  void pass_after(std::chrono::seconds time) {
    clock_.advance(time);
    calls_.pass(clock_.now().mono);
  }

  manual_clock clock_;
  method_calls calls_{"test"};
  std::vector<method_result> results_;
};

TEST_F(method_calls_test, a_call_is_delivered_and_its_answer_ends_it) {
  call(true);
  const auto id = deliver();
  EXPECT_EQ(calls_.next(identity{"dev-1"}), nullptr);
  EXPECT_TRUE(results_.empty());
  EXPECT_TRUE(calls_.answer(identity{"dev-1"}, id, 200, R"({"ok":true})"));
  ASSERT_EQ(results_.size(), 1U);
  EXPECT_EQ(results_[0].how, method_end::answered);
  EXPECT_EQ(results_[0].status, 200);
  EXPECT_EQ(results_[0].payload, R"({"ok":true})");
  EXPECT_FALSE(calls_.answer(identity{"dev-1"}, id, 200, "again"));
  EXPECT_EQ(calls_.totals().stray_answers, 1U);
  EXPECT_FALSE(calls_.next_due());
}

TEST_F(method_calls_test, a_device_that_is_not_there_ends_the_call_at_once_or_after_its_wait) {
  call(false);
  ASSERT_EQ(results_.size(), 1U);
  EXPECT_EQ(results_[0].how, method_end::not_online);
  call(false, 10s);
  EXPECT_EQ(calls_.next(identity{"dev-1"}), nullptr);
  pass_after(9s);
  EXPECT_EQ(results_.size(), 1U);
  EXPECT_EQ(calls_.next_due(), clock_.now().mono + 1s);
  pass_after(1s);
  ASSERT_EQ(results_.size(), 2U);
  EXPECT_EQ(results_[1].how, method_end::not_online);
  EXPECT_EQ(calls_.waiting(), 0U);
}

TEST_F(method_calls_test, a_device_that_comes_in_time_gets_what_waits_in_order) {
  call(false, 10s, "first");
  call(false, 10s, "second");
  clock_.advance(5s);
  calls_.come(identity{"dev-1"}, clock_.now().mono);
  EXPECT_EQ(calls_.next(identity{"dev-1"})->request.name, "first");
  deliver();
  EXPECT_EQ(calls_.next(identity{"dev-1"})->request.name, "second");
  pass_after(29s); // from when it came
  EXPECT_TRUE(results_.empty());
  pass_after(1s);
  ASSERT_EQ(results_.size(), 2U);
  EXPECT_EQ(results_[0].how, method_end::without_answer);
}

TEST_F(method_calls_test, an_answer_that_is_late_or_anothers_counts_as_stray) {
  call(true);
  const auto id = deliver();
  EXPECT_FALSE(calls_.answer(identity{"dev-2"}, id, 200, "{}"));
  pass_after(30s);
  EXPECT_EQ(results_.at(0).how, method_end::without_answer);
  EXPECT_FALSE(calls_.answer(identity{"dev-1"}, id, 200, "{}"));
  EXPECT_EQ(calls_.totals().stray_answers, 2U);
  EXPECT_EQ(calls_.totals().without_answer, 1U);
}

TEST_F(method_calls_test, an_answer_before_the_delivery_is_none) {
  call(true);
  const auto id = calls_.next(identity{"dev-1"})->id;
  EXPECT_FALSE(calls_.answer(identity{"dev-1"}, id, 200, "{}"));
}

TEST_F(method_calls_test, an_answer_beyond_128_kib_is_an_end_of_its_own) {
  call(true);
  calls_.answer(identity{"dev-1"}, deliver(), 200, std::string(most_method_bytes + 1, ' '));
  EXPECT_EQ(results_.at(0).how, method_end::answer_too_large);
}

TEST_F(method_calls_test, there_is_a_bound_to_what_waits) {
  for (std::size_t i = 0; i < method_calls::most_calls; ++i)
    call(true);
  EXPECT_TRUE(results_.empty());
  call(true);
  EXPECT_EQ(results_.at(0).how, method_end::too_many);
}

} // namespace
} // namespace causeway::emulator
