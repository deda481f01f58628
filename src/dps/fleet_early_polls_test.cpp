// SPDX-License-Identifier: Apache-2.0
// first_poll: what an early poll brings, and that the quotas of DPS are kept all the same.
#include "dps/fleet_scene.h"

namespace causeway::dps {
namespace {

class fleet_early_polls_test : public fleet_test {
protected:
  fleet_early_polls_test() {
    enrolment_.first_poll = 500ms;
    enrolment_.operations_per_second = 1'000.0 / 60;
    enrolment_.registrations_per_minute = 1'000;
    dps_.assign_after = 400ms;
  }
  std::size_t most_polls_in(std::chrono::nanoseconds span, const std::vector<mono_time>& polls) {
    std::size_t most = 0;
    for (auto from = polls.begin(); from != polls.end(); ++from)
      most =
          std::max(most, static_cast<std::size_t>(std::lower_bound(from, polls.end(), *from + span) - from));
    return most;
  }
};

TEST_F(fleet_early_polls_test, six_devices_have_their_hub_after_first_poll) {
  const auto begin = now();
  want_many(0, 6, 0);
  run_for(10s);
  ASSERT_EQ(assigned(), 6U);
  EXPECT_EQ(findings_.back().first - begin, 500ms + 2 * usual_latency);
  const auto totals = fleet().totals(now());
  EXPECT_EQ(totals.registrations, 6U);
  EXPECT_EQ(totals.polls, 6U);
  EXPECT_EQ(totals.early_polls, 6U);
}

TEST_F(fleet_early_polls_test,
       an_assignment_that_takes_longer_costs_one_poll_more_and_retry_after_counts_again) {
  dps_.assign_after = 600ms;
  const auto begin = now();
  want_many(0, 6, 0);
  run_for(10s);
  ASSERT_EQ(assigned(), 6U);
  EXPECT_EQ(findings_.back().first - begin, 500ms + 3s + 3 * usual_latency);
  EXPECT_EQ(fleet().totals(now()).polls, 12U);
  EXPECT_EQ(fleet().totals(now()).early_polls, 6U);
}

// The quota of polls is all there is: whatever an early poll takes is missing to one that is due.
TEST_F(fleet_early_polls_test, ten_thousand_devices_never_go_beyond_the_quota_of_polls) {
  for (const auto assign_after : {400ms, 2'000ms, 5'000ms}) {
    dps_ = {};
    dps_.assign_after = assign_after;
    dps_.enforced_polls = 0;
    findings_.clear();
    const auto base = static_cast<std::uint32_t>(assign_after.count()) * 100'000;
    want_many(base, 10'000, 0);
    run_for(900s);
    EXPECT_EQ(assigned(), 10'000U);
    // Those that take more than one poll at Retry-After's pace go beyond it with or without early polls.
    if (assign_after < 3s) {
      EXPECT_LE(most_polls_in(60s, dps_.accepted_polls), 1'000U) << assign_after.count();
    }
    const auto span = std::chrono::duration<double>(dps_.accepted.back() - dps_.accepted.front()).count();
    EXPECT_GE(10'000.0 / (1'000.0 * span / 60.0), 0.98) << "registrations keep their pace";
  }
}

// Whoever comes after many early polls in vain waits a little with its registration.
TEST_F(fleet_early_polls_test, those_who_come_later_in_the_minute_do_not_go_beyond_the_quota_either) {
  dps_.assign_after = 2s;
  want_many(0, 400, 0);
  run_for(20s);
  EXPECT_GT(fleet().totals(now()).early_polls, 250U);
  want_many(1'000, 2'000, 0);
  run_for(300s);
  EXPECT_EQ(assigned(), 2'400U);
  EXPECT_LE(most_polls_in(60s, dps_.accepted_polls), 1'000U);
}

TEST_F(fleet_early_polls_test, what_has_no_room_early_is_asked_when_retry_after_says) {
  enrolment_.operations_per_second = 3.0 / 60; // of polls, three a minute
  const auto begin = now();
  want_many(0, 6, 0);
  run_for(10s);
  ASSERT_EQ(assigned(), 6U);
  EXPECT_EQ(fleet().totals(now()).early_polls, 0U);
  EXPECT_EQ(findings_.back().first - begin, 3s + 2 * usual_latency);
}

TEST_F(fleet_early_polls_test, a_429_to_an_early_poll_ends_them_for_an_hour) {
  dps_.refuses_polls = true;
  want(1);
  run_for(600ms);
  EXPECT_EQ(fleet().totals(now()).early_polls, 1U);
  EXPECT_GT(fleet().totals(now()).no_early_polls_for, 59min);
  dps_.refuses_polls = false;
  run_for(10s);
  EXPECT_EQ(assigned(), 1U);

  run_for(59min);
  const auto begin = now();
  want(2);
  run_for(10s);
  EXPECT_EQ(fleet().totals(now()).early_polls, 1U);
  EXPECT_EQ(findings_.back().first - begin, 3s + 2 * usual_latency);

  run_for(1min);
  EXPECT_EQ(fleet().totals(now()).no_early_polls_for, 0s);
  want(3);
  run_for(10s);
  EXPECT_EQ(assigned(), 3U);
  EXPECT_EQ(fleet().totals(now()).early_polls, 2U);
}

TEST_F(fleet_early_polls_test, a_429_to_a_poll_of_retry_after_leaves_them_on) {
  dps_.assign_after = 4s;
  want(1);
  run_for(1s);
  dps_.refuses_polls = true;
  run_for(3s);
  EXPECT_EQ(fleet().totals(now()).throttled, 1U);
  EXPECT_EQ(fleet().totals(now()).no_early_polls_for, 0s);
}

TEST_F(fleet_early_polls_test,
       no_device_polls_more_than_five_times_in_ten_seconds_when_registered_again_and_again) {
  enrolment_.first_poll = 100ms;
  want(1);
  std::vector<mono_time> polls;
  for (int i = 0; i < 6'000; ++i) {
    if (auto next = fleet().next_errand(time_.now())) {
      const bool poll = next->kind == request_kind::poll;
      if (poll) polls.push_back(now());
      // Each second poll ends the registration, for a reason that passes.
      const bool ends = poll && polls.size() % 2 == 0;
      fleet().on_answer(*next, ends ? 200 : 202, {{"Retry-After", "1"}},
                        ends ? R"({"status":"failed","registrationState":{"errorCode":500001}})"
                             : R"({"operationId":"5.x","status":"assigning"})",
                        time_.now());
    }
    for (const auto& found : fleet().take_findings()) {
      EXPECT_FALSE(found.where);
      want(1);
    }
    time_.advance(10ms);
  }
  ASSERT_GT(polls.size(), 10U);
  for (std::size_t i = 5; i < polls.size(); ++i)
    EXPECT_GE(polls[i] - polls[i - 5], 10s) << i;
}

} // namespace
} // namespace causeway::dps
