// SPDX-License-Identifier: Apache-2.0
#include "dps/fleet_scene.h"

namespace causeway::dps {
namespace {

TEST_F(fleet_test, six_devices_take_the_time_of_one) {
  const auto begin = now();
  want_many(0, 6, 0);
  run_for(10s);
  ASSERT_EQ(assigned(), 6U);
  EXPECT_EQ(findings_.back().first - begin, 3s + 2 * usual_latency);
  const auto& where = *findings_[0].second.where;
  EXPECT_EQ(where.hub.str(), "h.net");
  EXPECT_EQ(where.section.str(), "field");
  EXPECT_EQ(where.fingerprint, fleet().fingerprint());
  const auto totals = fleet().totals(now());
  EXPECT_EQ(totals.requests, 12U);
  EXPECT_EQ(totals.registrations, 6U);
  EXPECT_EQ(totals.polls, 6U);
  EXPECT_EQ(totals.in_progress, 0U);
  EXPECT_EQ(totals.ceiling, 60'000);
}

TEST_F(fleet_test, ten_thousand_wait_for_retry_after_at_the_same_time) {
  enrolment_.registrations_per_minute = 10'000'000;
  latency_ = 2ms;
  const auto begin = now();
  want_many(0, 10'000, 0);
  run_for(20s);
  ASSERT_EQ(assigned(), 10'000U);
  // 32 connections, 2 ms a request: the last registers after 0.625 s.
  EXPECT_LE(findings_.back().first - begin, 3s + 625ms + 10ms);
  EXPECT_EQ(timeline_.noted(), 40'000U);
}

TEST_F(fleet_test, notes_where_the_time_went) {
  want(7);
  run_for(10s);
  const auto spans = timeline_.of(device_ref{7});
  ASSERT_EQ(spans.size(), 4U);
  const std::pair<model::phase, std::chrono::nanoseconds> expected[] = {
      {model::phase::dps_queue, 0ms},
      {model::phase::dps_register, usual_latency},
      {model::phase::dps_wait, 3s},
      {model::phase::dps_poll, usual_latency}};
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(spans[i].what, expected[i].first);
    EXPECT_EQ(spans[i].duration, expected[i].second);
    EXPECT_FALSE(spans[i].fault);
  }
}

TEST_F(fleet_test, applications_take_turns_and_urgent_devices_go_first) {
  enrolment_.registrations_per_minute = 60; // six at once, then one a second
  want_many(0, 100, 0);
  want_many(1'000, 3, 1);
  want(2'000, 0, true);
  fleet().hurry(device_ref{50});
  dps_.retry_after = 1s;
  run_for(20s, 1);
  std::vector<std::uint32_t> order;
  for (const auto& [when, found] : findings_)
    order.push_back(index_of(found.device));
  ASSERT_GE(order.size(), 7U);
  order.resize(7);
  const std::vector<std::uint32_t> expected{2000, 50, 0, 1000, 1, 1001, 2};
  EXPECT_EQ(std::set(order.begin(), order.end()), std::set(expected.begin(), expected.end()));
}

TEST_F(fleet_test, keeps_the_quota_and_uses_it) {
  enrolment_.registrations_per_minute = 1'000;
  dps_.enforced = 1'000;
  want_many(0, 3'000, 0);
  run_for(200s);
  EXPECT_EQ(assigned(), 3'000U);
  EXPECT_EQ(dps_.refused, 0U);
  const auto span = std::chrono::duration<double>(dps_.accepted.back() - dps_.accepted.front()).count();
  EXPECT_GE(3'000.0 / (1'000.0 * span / 60.0), 0.98);
}

TEST_F(fleet_test, learns_a_lower_quota) {
  enrolment_.registrations_per_minute = 1'000;
  dps_.enforced = 500;
  want_many(0, 4'000, 0);
  const auto begin = now();
  run_for(300s);
  for (int minute = 1; minute < 5; ++minute) {
    const auto from = begin + minute * 60s;
    const auto in =
        std::ranges::count_if(dps_.accepted, [&](mono_time at) { return at >= from && at < from + 60s; });
    EXPECT_GE(in, 475) << minute;
  }
}

TEST_F(fleet_test, polls_have_a_quota_once_dps_has_throttled_one) {
  enrolment_.operations_per_second = 2;
  dps_.enforced_polls = 100;
  want_many(0, 300, 0);
  for (int round = 0; round < 5; ++round) {
    const auto told = findings_.size();
    run_for(90s);
    // As the core does: what was not to be had for now is asked for again.
    for (auto i = told; i < findings_.size(); ++i)
      if (!findings_[i].second.where) want(index_of(findings_[i].second.device));
  }
  EXPECT_EQ(assigned(), 300U);
  EXPECT_GT(dps_.refused, 0U);
  EXPECT_LT(dps_.refused, 150U);
}

TEST_F(fleet_test, no_device_polls_more_than_five_times_in_ten_seconds) {
  want(1);
  dps_.retry_after = 1s;
  std::vector<mono_time> polls;
  for (int i = 0; i < 3'000; ++i) {
    if (auto next = fleet().next_errand(time_.now())) {
      if (next->kind == request_kind::poll) polls.push_back(now());
      fleet().on_answer(*next, 202, {{"Retry-After", "1"}}, R"({"operationId":"5.x","status":"assigning"})",
                        time_.now());
    }
    time_.advance(10ms);
  }
  ASSERT_GT(polls.size(), 10U);
  for (std::size_t i = 5; i < polls.size(); ++i)
    EXPECT_GE(polls[i] - polls[i - 5], 10s);
}

TEST_F(fleet_test, a_throttle_holds_the_registrations_of_all) {
  want_many(0, 2, 0);
  const auto first = fleet().next_errand(time_.now());
  fleet().on_answer(*first, 429, {{"Retry-After", "7"}}, "", time_.now());
  EXPECT_EQ(fleet().totals(now()).held_for, 7s);
  EXPECT_EQ(fleet().totals(now()).throttled, 1U);
  EXPECT_FALSE(fleet().next_errand(time_.now()));
  time_.advance(6'999ms);
  EXPECT_FALSE(fleet().next_errand(time_.now()));
  EXPECT_LE(fleet().deadline(now(), true), now() + 1ms);
  time_.advance(1ms);
  EXPECT_TRUE(fleet().next_errand(time_.now()));
}

TEST_F(fleet_test, one_registration_answers_all_who_ask_for_its_id) {
  enrolment_.lower_case_ids = true;
  fleet().find(device_ref{1}, identity{"Same"}, {}, time_.now());
  fleet().find(device_ref{2}, identity{"same"}, {}, time_.now());
  run_for(1s);
  fleet().find(device_ref{3}, identity{"SAME"}, {}, time_.now());
  run_for(10s);
  EXPECT_EQ(assigned(), 3U);
  EXPECT_EQ(dps_.accepted.size(), 1U);
}

TEST_F(fleet_test, ids_keep_their_letter_case_where_the_enrolment_says_so) {
  enrolment_.lower_case_ids = false;
  fleet().find(device_ref{1}, identity{"Same"}, {}, time_.now());
  fleet().find(device_ref{2}, identity{"same"}, {}, time_.now());
  run_for(10s);
  EXPECT_EQ(dps_.accepted.size(), 2U);
}

TEST_F(fleet_test, what_is_called_off_is_neither_sent_nor_answered) {
  want(1);
  fleet().find(device_ref{2}, identity{"Dev-1"}, {}, time_.now()); // shares it
  want(3);
  want(4);
  fleet().call_off(device_ref{1}); // the other one still wants it
  fleet().call_off(device_ref{3});
  fleet().call_off(device_ref{4});
  const auto first = fleet().next_errand(time_.now());
  ASSERT_TRUE(first);
  EXPECT_NE(first->request.path_and_query.find("/dev-1/"), std::string::npos);
  EXPECT_FALSE(fleet().next_errand(time_.now()));
  fleet().call_off(device_ref{2}); // under way: its answer finds nobody
  fleet().on_answer(*first, 202, {}, R"({"operationId":"5.x","status":"assigning"})", time_.now());
  run_for(10s);
  EXPECT_TRUE(findings_.empty());
  EXPECT_EQ(fleet().totals(now()).in_progress, 0U);
}

TEST_F(fleet_test, a_device_asked_for_twice_has_the_last_word) {
  want(1);
  fleet().find(device_ref{1}, identity{"other"}, {}, time_.now());
  const auto first = fleet().next_errand(time_.now());
  ASSERT_TRUE(first);
  EXPECT_NE(first->request.path_and_query.find("/other/"), std::string::npos);
  EXPECT_FALSE(fleet().next_errand(time_.now()));
}

TEST_F(fleet_test, a_device_asked_for_again_before_its_turn_is_registered_with_its_new_model) {
  const auto ask = [&](const char* model) {
    fleet().find(device_ref{1}, identity{"Dev-1"}, {model}, time_.now());
  };
  ask("dtmi:x:old;1");
  ask("dtmi:x:new;1");
  const auto first = fleet().next_errand(time_.now());
  ASSERT_TRUE(first);
  EXPECT_NE(first->request.body.find("dtmi:x:new;1"), std::string::npos) << first->request.body;
  ask("dtmi:x:late;1"); // under way: too late
  EXPECT_FALSE(fleet().next_errand(time_.now()));
}

TEST_F(fleet_test, a_device_without_a_key_is_told_at_once) {
  enrolment_.group_key.reset();
  enrolment_.individual_keys.emplace("dev-2", azure::signing_key{secret{"fedcba9876543210"}});
  want(1);
  want(2);
  run_for(10s);
  ASSERT_EQ(findings_.size(), 2U);
  EXPECT_EQ(findings_[0].second.where.fault().code(), errc::dps_unauthorized);
  EXPECT_TRUE(findings_[1].second.where);
  EXPECT_EQ(dps_.accepted.size(), 1U);
}

TEST_F(fleet_test, a_dead_dps_is_tried_by_one_for_all) {
  dps_.up = false;
  want_many(0, 10'000, 0);
  run_for(3600s);
  EXPECT_LE(started_.size(), 32U + 100U); // those before it was known, then one a minute
  EXPECT_TRUE(fleet().totals(now()).unreachable);
  for (const auto& [when, found] : findings_)
    EXPECT_EQ(found.where.fault().cls(), error_class::transient);
  const auto told = findings_.size();
  EXPECT_LT(told, 200U);

  dps_.up = true;
  const auto back = now();
  run_for(120s);
  EXPECT_EQ(findings_.size(), 10'000U);
  EXPECT_GE(assigned(), 10'000U - told - 2); // those that were just trying have used up their time
  EXPECT_FALSE(fleet().totals(now()).unreachable);
  // Within a minute and a quarter of its return, and then within the quota.
  EXPECT_LE(dps_.accepted.front() - back, 75s);
}

TEST_F(fleet_test, a_dps_that_only_knows_5xx_is_left_alone_too) {
  dps_.broken_with = 503;
  want_many(0, 10'000, 0);
  run_for(3600s);
  EXPECT_LE(started_.size(), 200U);
  EXPECT_EQ(fleet().totals(now()).unreachable, errc::dps_busy);
  dps_.broken_with = 0;
  run_for(120s);
  EXPECT_GT(assigned(), 9'700U);
}

TEST_F(fleet_test, one_registration_that_hangs_ends_in_its_time) {
  want(1);
  const auto sent = fleet().next_errand(time_.now());
  ASSERT_TRUE(sent);
  EXPECT_EQ(fleet().deadline(now(), true) - now(), time_limit);
  time_.advance(time_limit);
  fleet().advance(time_.now());
  const auto found = fleet().take_findings();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].where.fault().code(), errc::dps_answer_missing);
  fleet().on_answer(*sent, 202, {}, R"({"operationId":"5.x","status":"assigning"})", time_.now());
  EXPECT_TRUE(fleet().take_findings().empty());
}

} // namespace
} // namespace causeway::dps
