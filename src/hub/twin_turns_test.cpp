// SPDX-License-Identifier: Apache-2.0
#include "hub/twin_turns.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <set>
#include <string>
#include <vector>

namespace causeway::hub {
namespace {

using namespace std::chrono_literals;
using strings = std::vector<std::string>;

struct twin_turns_test : testing::Test {
  static device_ref ref(std::uint32_t number) { return device_ref{number}; }
  std::optional<std::string> take() {
    const auto next = turns.take(
        [this](device_ref device, twin_request) { return unwanted.count(index_of(device)) == 0; }, now);
    if (!next) return std::nullopt;
    constexpr const char* words[] = {"subscribe ", "read ", "report "};
    return words[static_cast<int>(next->what)] + std::to_string(index_of(next->device)) + next->patch;
  }
  // All that may go now.
  strings take_all() {
    strings out;
    while (auto next = take())
      out.push_back(std::move(*next));
    return out;
  }
  // All, however long it takes; at: when each went.
  strings drain() {
    strings out;
    for (auto due = turns.next(now); due != mono_time::max(); due = turns.next(now)) {
      now = std::max(now, due);
      for (auto& one : take_all()) {
        out.push_back(std::move(one));
        went.push_back(now);
      }
    }
    return out;
  }
  std::size_t busiest_second() const {
    std::size_t most = 0;
    for (const auto begin : went)
      most = std::max(most, static_cast<std::size_t>(std::ranges::count_if(
                                went, [&](mono_time at) { return at >= begin && at < begin + 1s; })));
    return most;
  }
  model::hub_totals totals() const {
    model::hub_totals out;
    turns.add_to(out);
    return out;
  }

  mono_time now = manual_clock{}.now().mono;
  std::shared_ptr<hub_budgets> budgets = std::make_shared<hub_budgets>(hub_quotas{10, 10, 20, 10}, now);
  twin_turns turns{budgets};
  std::set<std::uint32_t> unwanted;
  std::vector<mono_time> went;
};

TEST_F(twin_turns_test, reads_go_at_their_budgets_pace_in_the_order_asked) {
  strings expected;
  for (std::uint32_t number = 0; number < 100; ++number) {
    turns.read(ref(number), false);
    expected.push_back("read " + std::to_string(number));
  }
  const auto began = now;
  EXPECT_EQ(drain(), expected);
  EXPECT_LE(busiest_second(), 20U);
  EXPECT_GT(now - began, 4s);
  EXPECT_LT(now - began, 6s);
}

TEST_F(twin_turns_test, urgent_reads_go_first_and_one_that_waits_can_become_so) {
  for (const std::uint32_t number : {1U, 2U, 3U, 4U})
    turns.read(ref(number), false);
  turns.read(ref(9), true);
  turns.read(ref(4), true);
  turns.read(ref(3), false);
  EXPECT_EQ(drain(), (strings{"read 9", "read 4", "read 1", "read 2", "read 3"}));
}

TEST_F(twin_turns_test, subscriptions_and_reports_share_the_budget_of_updates_in_turns) {
  for (const std::uint32_t number : {1U, 2U, 3U, 4U, 5U, 6U, 7U, 8U, 9U, 10U, 11U, 12U})
    turns.subscribe(ref(number));
  for (const std::uint32_t number : {21U, 22U, 23U})
    turns.report(ref(number), "{}", false);
  const auto all = drain();
  ASSERT_EQ(all.size(), 15U);
  EXPECT_LE(busiest_second(), 10U);
  EXPECT_LE(std::ranges::find(all, "report 23{}") - all.begin(), 5);
  EXPECT_LE(std::ranges::find(all, "subscribe 3") - all.begin(), 5);
  EXPECT_EQ(all.back(), "subscribe 12");
}

TEST_F(twin_turns_test, reads_do_not_wait_for_updates) {
  for (std::uint32_t number = 0; number < 100; ++number)
    turns.subscribe(ref(number));
  static_cast<void>(take_all());
  turns.read(ref(200), false);
  EXPECT_EQ(take_all(), strings{"read 200"});
}

TEST_F(twin_turns_test, at_most_one_of_a_kind_waits_for_a_device_and_the_newest_report_counts) {
  for (int i = 0; i < 3; ++i) {
    turns.subscribe(ref(1));
    turns.read(ref(1), false);
    turns.report(ref(1), std::to_string(i), false);
  }
  EXPECT_EQ(totals().twin_waiting, 3U);
  auto all = drain();
  std::ranges::sort(all);
  EXPECT_EQ(all, (strings{"read 1", "report 12", "subscribe 1"}));
}

TEST_F(twin_turns_test, what_could_not_be_asked_is_forgotten_and_costs_nothing) {
  for (std::uint32_t number = 0; number < 1'000; ++number) {
    unwanted.insert(number);
    turns.read(ref(number), true);
    turns.report(ref(number), "{}", false);
    turns.subscribe(ref(number));
  }
  turns.read(ref(1'000), false);
  turns.report(ref(1'000), "{}", false);
  EXPECT_EQ(take_all(), (strings{"read 1000", "report 1000{}"}));
  EXPECT_EQ(totals().twin_reads, 1U);
  EXPECT_EQ(totals().twin_updates, 1U);
}

TEST_F(twin_turns_test, what_is_forgotten_is_not_asked) {
  turns.read(ref(1), true);
  turns.report(ref(1), "{}", false);
  turns.subscribe(ref(1));
  turns.read(ref(2), false);
  turns.forget(ref(1));
  EXPECT_EQ(drain(), strings{"read 2"});
  EXPECT_EQ(turns.next(now), mono_time::max());
}

TEST_F(twin_turns_test, a_throttled_read_lowers_the_budget_of_reads_alone) {
  turns.read(ref(1), false);
  static_cast<void>(take_all());
  turns.on_refused(twin_request::read, error{errc::hub_throttled}, now, now);
  EXPECT_EQ(totals().twin_refused, 1U);
  EXPECT_LT(budgets->twin_reads.limit(), budgets->twin_reads.ceiling());
  EXPECT_EQ(budgets->twin_updates.limit(), budgets->twin_updates.ceiling());
  turns.read(ref(1), false);
  EXPECT_GE(turns.next(now), now + 1s);
  turns.report(ref(1), "{}", false);
  EXPECT_EQ(take_all(), strings{"report 1{}"});
}

TEST_F(twin_turns_test, a_throttled_subscription_lowers_the_budget_of_updates) {
  turns.subscribe(ref(1));
  static_cast<void>(take_all());
  turns.on_refused(twin_request::subscribe, error{errc::hub_throttled}, now, now);
  EXPECT_LT(budgets->twin_updates.limit(), budgets->twin_updates.ceiling());
  EXPECT_EQ(budgets->twin_reads.limit(), budgets->twin_reads.ceiling());
}

TEST_F(twin_turns_test, another_refusal_teaches_nothing_of_the_pace) {
  turns.on_refused(twin_request::read, error{errc::hub_busy}, now, now);
  turns.on_refused(twin_request::read, error{errc::hub_quota_exceeded}, now, now);
  EXPECT_EQ(totals().twin_refused, 0U);
  EXPECT_EQ(budgets->twin_reads.limit(), budgets->twin_reads.ceiling());
}

} // namespace
} // namespace causeway::hub
