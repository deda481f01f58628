// SPDX-License-Identifier: Apache-2.0
#include "causeway_bench/command_judge.h"

#include <gtest/gtest.h>

namespace causeway::bench {
namespace {

using namespace std::chrono_literals;

wall_time at(std::chrono::nanoseconds since) {
  return wall_time{std::chrono::hours{1'000'000 / 24}} +
         std::chrono::duration_cast<wall_time::duration>(since);
}

class command_judge : public ::testing::Test {
protected:
  command_judge() {
    all.now = at(1'000s);
    all.patience = 60s;
    all.devices["dev"] = {};
    all.lives = {{at(0s), at(1'000s)}};
  }
  asked_command& asked(bool confirmed = false) {
    asked_command made;
    made.number = all.asked.size() + 1;
    made.device = "dev";
    made.confirmed = confirmed;
    made.accepted = true;
    all.asked.push_back(made);
    return all.asked.back();
  }
  // Of the last one that was asked for.
  booked_downlink& item(const std::string& end = "none", std::vector<wall_time> transmissions = {},
                        std::vector<heard_step> heard = {}) {
    booked_downlink made;
    made.number = all.asked.back().number;
    made.id = id();
    made.device = "dev";
    made.confirmed = all.asked.back().confirmed;
    made.accepted = at(10s);
    made.queued = 1;
    made.transmissions = std::move(transmissions);
    made.end = end;
    made.ended = at(20s);
    made.heard = std::move(heard);
    all.booked.push_back(std::move(made));
    return all.booked.back();
  }
  void told(const std::string& state, std::chrono::nanoseconds when = 11s,
            std::optional<std::uint32_t> f_cnt = {}) {
    all.told.push_back({id(), all.asked.back().device, false, all.asked.back().number,
                        state + std::to_string(all.told.size()), state, f_cnt, at(when)});
  }
  std::string id() const { return "c" + std::to_string(all.asked.back().number); }
  command_figures judge() const { return judge_commands(all); }

  command_evidence all;
};

TEST_F(command_judge, finds_nothing_where_all_is_told_as_it_is) {
  asked();
  item("transmitted", {at(12s)}, {{"downlink_queued", 0}, {"downlink_sent", 3}});
  told("queued");
  told("sent", 12s, 3);
  asked(true);
  item("acknowledged", {at(12s)}, {{"downlink_ack", 4}});
  told("queued");
  told("acknowledged", 15s, 4);
  const auto found = judge();
  EXPECT_TRUE(found.is_complete()) << found.findings.front();
  EXPECT_EQ(found.commands, 2U);
  EXPECT_EQ(found.states, (std::map<std::string, std::uint64_t>{{"acknowledged", 1}, {"sent", 1}}));
}

TEST_F(command_judge, what_was_accepted_and_is_nowhere_is_lost) {
  asked().hub_end = "Success";
  EXPECT_EQ(judge().lost, 1U);
  asked().waits = true;
  EXPECT_EQ(judge().lost, 2U);
}

TEST_F(command_judge, what_ended_in_the_hub_or_with_a_report_or_was_refused_is_not_lost) {
  asked().hub_end = "Rejected";
  asked().hub_end = "Success";
  told("expired");
  auto& call = asked();
  call.way = command_way::method;
  call.accepted = false;
  call.refused = true;
  EXPECT_TRUE(judge().is_complete());
}

TEST_F(command_judge, two_items_of_one_command_are_one_too_many_whatever_their_ids) {
  asked();
  item();
  item().id = "other";
  told("queued");
  EXPECT_EQ(judge().doubled, 1U);
}

TEST_F(command_judge, an_item_of_a_call_that_was_refused_is_a_false_word) {
  auto& call = asked();
  call.way = command_way::method;
  call.accepted = false;
  call.refused = true;
  item();
  told("queued");
  EXPECT_EQ(judge().mismatches, 1U);
}

TEST_F(command_judge, a_state_that_is_not_so_is_a_mismatch) {
  asked(true);
  item("none", {at(12s)});
  told("acknowledged", 15s, 1);
  EXPECT_EQ(judge().mismatches, 1U);
  asked();
  item();
  told("sent", 15s, 1);
  EXPECT_EQ(judge().mismatches, 2U);
  asked();
  told("queued");
  EXPECT_EQ(judge().mismatches, 3U) << "it never came into a queue";
  asked();
  item();
  told("no_word");
  EXPECT_EQ(judge().mismatches, 4U) << "it stands in the queue";
  asked();
  item("transmitted", {at(12s)});
  told("failed");
  EXPECT_EQ(judge().mismatches, 5U);
}

TEST_F(command_judge, what_was_heard_must_be_reported_and_believed) {
  asked();
  item("transmitted", {at(12s)}, {{"downlink_queued", 0}, {"downlink_sent", 3}});
  told("queued");
  const auto found = judge();
  EXPECT_EQ(found.reports_missing, 1U);
  EXPECT_EQ(found.mismatches, 1U);
  told("sent", 12s, 4);
  EXPECT_EQ(judge().reports_missing, 1U) << "of another counter";
  asked();
  item();
  EXPECT_EQ(judge().reports_missing, 2U) << "not a word";
}

TEST_F(command_judge, what_nobody_heard_is_no_word_once_it_has_been_asked_for) {
  asked();
  item("transmitted", {at(980s)}).accepted = at(970s);
  told("queued", 970s);
  EXPECT_EQ(judge().unheard_yet, 1U);
  EXPECT_TRUE(judge().is_clean());
  EXPECT_FALSE(judge().is_complete());
  all.now = at(1'100s);
  EXPECT_EQ(judge().mismatches, 1U);
  told("no_word", 1'050s);
  EXPECT_TRUE(judge().is_complete());
  EXPECT_EQ(judge().unknowable.at("no_word_of_transmitted"), 1U);
}

TEST_F(command_judge, an_older_step_and_what_comes_behind_an_end_change_nothing) {
  asked(true);
  item("none", {at(12s), at(18s)}, {{"downlink_nack", 1}, {"downlink_sent", 2}}).queued = 2;
  told("queued");
  told("sent", 18s, 2);
  told("nacked", 16s, 1);
  EXPECT_TRUE(judge().is_clean());
  EXPECT_EQ(judge().states.at("sent"), 1U);
  asked(true);
  item("max_retries", {at(12s)}, {{"downlink_failed", 1}, {"downlink_nack", 1}});
  told("failed", 15s, 1);
  told("sent", 12s, 1);
  EXPECT_TRUE(judge().is_clean());
  EXPECT_EQ(judge().states.at("failed"), 1U);
}

TEST_F(command_judge, what_the_hub_holds_succeeds_with_its_ack_alone) {
  auto& held = asked(true);
  held.is_held = true;
  item("acknowledged", {at(12s)}, {{"downlink_ack", 1}});
  told("acknowledged", 15s, 1);
  held.hub_end = "Success";
  EXPECT_TRUE(judge().is_complete());
  all.booked.back().end = "max_retries";
  all.told.back().state = "failed";
  EXPECT_EQ(judge().mismatches, 1U);
  all.asked.back().hub_end = "Rejected";
  EXPECT_EQ(judge().mismatches, 0U);
}

TEST_F(command_judge, an_item_without_an_end_is_under_way) {
  asked();
  item();
  told("queued");
  EXPECT_TRUE(judge().is_clean());
  EXPECT_FALSE(judge().is_complete());
  EXPECT_EQ(judge().under_way, 1U);
}

TEST_F(command_judge, a_failed_event_of_the_push_is_not_that_of_the_last_attempt) {
  asked(true);
  auto& failed = item("max_retries", {at(12s)}, {{"downlink_failed", 0}});
  failed.last_f_cnt = 7;
  told("queued");
  told("no_word", 40s);
  EXPECT_TRUE(judge().is_complete());
  failed.heard.push_back({"downlink_failed", 7});
  EXPECT_EQ(judge().mismatches, 1U);
}

TEST_F(command_judge, a_doubt_is_unfounded_while_the_item_can_be_seen) {
  asked();
  item();
  told("in_doubt", 30s);
  EXPECT_EQ(judge().doubt_unfounded, 1U) << "in the queue";
  asked(true);
  item("none", {at(12s)});
  told("in_doubt", 30s);
  EXPECT_EQ(judge().doubt_unfounded, 2U) << "pending";
  asked();
  auto& last = item("transmitted", {at(20s)});
  told("in_doubt", 30s);
  EXPECT_EQ(judge().doubt_unfounded, 3U) << "the last that was scheduled";
  last.transmissions = {at(11s)}; // the pending one's came behind it
  EXPECT_EQ(judge().doubt_unfounded, 2U);
  last.transmissions = {at(20s)};
  all.devices["dev"].overwrites = true;
  EXPECT_EQ(judge().doubt_unfounded, 2U);
}

TEST_F(command_judge, a_doubt_of_what_never_arrived_is_unfounded_where_the_device_never_spoke) {
  asked();
  told("in_doubt", 30s);
  EXPECT_EQ(judge().doubt_unfounded, 1U);
  all.devices["dev"].first_uplink = at(5s);
  EXPECT_EQ(judge().doubt_unfounded, 0U);
  EXPECT_EQ(judge().in_doubt, 1U);
  all.devices["dev"] = {.class_c = true, .overwrites = false, .first_uplink = {}};
  EXPECT_EQ(judge().doubt_unfounded, 0U);
}

TEST_F(command_judge, reports_of_a_call_without_an_answer_make_it_a_command) {
  all.told.push_back({"unknown", "dev", false, {}, "r", "expired", {}, at(11s)});
  EXPECT_EQ(judge().commands, 1U);
  EXPECT_TRUE(judge().is_complete());
  all.told.push_back({"other", "dev", false, {}, "r", "queued", {}, at(11s)});
  EXPECT_EQ(judge().mismatches, 1U);
}

// A change is known by its payload alone: a report of one that came into no queue has no number.
class judge_of_twins : public command_judge {
protected:
  asked_command& changed(std::chrono::nanoseconds when) {
    auto& made = asked();
    made.way = command_way::twin;
    made.at = at(when);
    return made;
  }
  void told_of(const std::string& command, const std::string& state, std::chrono::nanoseconds when) {
    all.told.push_back(
        {command, "dev", true, {}, state + std::to_string(all.told.size()), state, {}, at(when)});
  }
};

TEST_F(judge_of_twins, a_change_is_a_command_or_the_next_one_came_before_it_was_read) {
  changed(1s);
  changed(2s);
  item("transmitted", {at(12s)});
  told_of(id(), "sent", 12s);
  all.twins["dev"] = {id(), "sent"};
  const auto found = judge();
  EXPECT_TRUE(found.is_complete()) << found.findings.front();
  EXPECT_EQ(found.superseded, 1U);
  EXPECT_EQ(found.twins, 1U);
}

TEST_F(judge_of_twins, a_change_that_stood_long_enough_or_is_the_last_is_lost_without_a_command) {
  changed(1s);
  changed(62s);
  EXPECT_EQ(judge().lost, 2U);
}

// A gateway that waited for its pushes while it stopped, and those behind it that were killed as they
// started.
TEST_F(judge_of_twins, a_change_is_superseded_where_no_gateway_was_there_for_long_enough) {
  changed(10s);
  changed(70s);
  item("transmitted", {at(72s)});
  told_of(id(), "sent", 72s);
  all.twins["dev"] = {id(), "sent"};
  all.lives = {{at(0s), at(9s)}, {at(40s), at(43s)}, {at(50s), at(57s)}, {at(66s), at(999s)}};
  EXPECT_EQ(judge().superseded, 0U); // four seconds of one, one of the other
  EXPECT_EQ(judge().lost, 1U);
  all.lives[2].to = at(56s);
  EXPECT_EQ(judge().superseded, 1U);
  EXPECT_TRUE(judge().is_complete());
}

TEST_F(judge_of_twins, a_command_that_came_into_no_queue_is_of_the_newest_change_before_its_report) {
  changed(1s);
  changed(5s);
  changed(50s);
  told_of("a", "failed", 9s);
  told_of("b", "failed", 51s);
  all.twins["dev"] = {"b", "failed"};
  const auto found = judge();
  EXPECT_TRUE(found.is_complete()) << found.findings.front();
  EXPECT_EQ(found.superseded, 1U);
}

// Seen as one lost: its push had no answer, and starts one after another put the look off.
TEST_F(judge_of_twins, a_command_in_doubt_is_of_the_change_that_had_to_be_read_whatever_came_since) {
  changed(10s);
  changed(70s);
  item("transmitted", {at(72s)});
  told_of(id(), "sent", 72s);
  changed(100s);
  changed(102s);
  item("transmitted", {at(104s)});
  told_of(id(), "sent", 104s);
  all.twins["dev"] = {id(), "sent"};
  EXPECT_EQ(judge().lost, 1U);
  told_of("a", "failed", 101s);
  const auto found = judge();
  EXPECT_TRUE(found.is_complete()) << found.findings.front();
  EXPECT_EQ(found.superseded, 1U);
}

TEST_F(judge_of_twins, a_command_that_no_change_asked_for_is_found) {
  changed(10s);
  item("transmitted", {at(12s)});
  told_of(id(), "sent", 12s);
  all.twins["dev"] = {id(), "sent"};
  told_of("x", "failed", 12s);
  EXPECT_EQ(judge().mismatches, 1U);
}

TEST_F(judge_of_twins, what_the_twin_says_at_last_is_what_the_reports_say) {
  changed(1s);
  item("transmitted", {at(12s)});
  told_of(id(), "sent", 12s);
  all.twins["dev"] = {id(), "stored"};
  EXPECT_EQ(judge().mismatches, 1U);
  all.twins["dev"] = {"another", "sent"};
  EXPECT_EQ(judge().mismatches, 1U);
  all.twins.clear();
  EXPECT_EQ(judge().mismatches, 1U);
}

} // namespace
} // namespace causeway::bench
