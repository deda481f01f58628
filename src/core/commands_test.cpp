// SPDX-License-Identifier: Apache-2.0
// Commands on their way in, their senders, and what becomes of them.
#include "core/commands_scene.h"

#include <gtest/gtest.h>

namespace causeway::core {
namespace {

using namespace std::chrono_literals;
using testing::calls;
using testing::commands_in;
using testing::commands_scene;

std::vector<application_rules> held_until(awaited_step step) {
  auto by = commands_scene::rules();
  by[0].settle_at = step;
  return by;
}

TEST(commands, a_message_is_completed_when_it_is_durable_and_pushed_when_that_is_written_down) {
  commands_scene f;
  f.c2d(1, "open");
  EXPECT_EQ(f.ports.take(), calls{"keep command"}) << "nothing before it is on disk";
  f.durable();
  EXPECT_EQ(f.ports.take(), (calls{"settle 0 1 complete", "keep command"}));
  f.durable();
  EXPECT_EQ(f.ports.take(), calls{"push dev open"});
}

TEST(commands, a_step_and_its_report_are_one_append_and_the_event_is_answered_with_it) {
  commands_scene f;
  const auto id = f.pushed(1, "open");
  const auto event = f.step(id, event_kind::downlink_queued);
  EXPECT_EQ(f.ports.take(), calls{"keep command and report"});
  EXPECT_FALSE(f.ports.answered.contains(event));
  f.durable();
  EXPECT_EQ(f.ports.answered.at(event), answer::stored);
  EXPECT_EQ(f.ports.appended.back().messages.at(0).body, "queued");
  EXPECT_EQ(f.state(id), command_state::queued);
  f.outcome(id, push_end::taken);
  EXPECT_EQ(f.ports.take(), (calls{"answer 2 stored", "send 0 2 queued"})) << "the answer is no news";
}

TEST(commands, steps_are_reported_once_each_whatever_their_order) {
  commands_scene f;
  const auto id = f.pushed(1, "confirmed open");
  f.outcome(id, push_end::taken);
  const std::vector<event_kind> kinds{event_kind::downlink_queued, event_kind::downlink_sent,
                                      event_kind::downlink_sent, event_kind::downlink_ack};
  for (const auto kind : kinds)
    f.step(id, kind);
  f.durable();
  const auto late = f.step(id, event_kind::downlink_sent);
  EXPECT_EQ(f.ports.answered.at(late), answer::duplicate);
  EXPECT_EQ(f.reported(), (std::vector<std::string>{"queued", "sent", "acknowledged"}));
  EXPECT_EQ(f.state(id), command_state::acknowledged);
}

TEST(commands, an_event_that_comes_twice_at_once_is_answered_when_the_first_is_durable) {
  commands_scene f;
  const auto id = f.pushed(1, "open");
  const auto one = f.step(id, event_kind::downlink_sent);
  const auto copy = f.step(id, event_kind::downlink_sent);
  EXPECT_FALSE(f.ports.answered.contains(copy));
  f.durable(error{errc::store_unavailable});
  EXPECT_EQ(f.ports.answered.at(one), answer::unavailable);
  EXPECT_EQ(f.ports.answered.at(copy), answer::unavailable);
}

TEST(commands, what_the_disk_refused_of_a_step_is_kept_and_told_when_it_takes_again) {
  commands_scene f;
  const auto id = f.pushed(1, "open");
  f.step(id, event_kind::downlink_sent);
  f.durable(error{errc::store_unavailable});
  f.ports.take();
  f.tick(1s);
  EXPECT_EQ(f.ports.take(), calls{"keep command and report"});
  EXPECT_EQ(f.ports.appended.back().messages.at(0).body, "sent");
  f.durable();
  f.tick(60s);
  EXPECT_EQ(f.ports.take().size(), 1U) << "its send alone: nothing is tried again";
}

TEST(commands, a_message_that_comes_again_finds_its_command) {
  commands_scene f;
  f.c2d(1, "open");
  f.c2d(1, "open");
  EXPECT_EQ(f.ports.take(), calls{"keep command"});
  f.durable();
  EXPECT_EQ(f.ports.take(), (calls{"settle 0 1 complete", "settle 0 2 complete", "keep command"}));
  f.durable();
  f.c2d(1, "open");
  EXPECT_EQ(f.ports.take(), (calls{"push dev open", "settle 0 3 complete"}));
  f.c2d(2, "open");
  EXPECT_EQ(f.ports.take(), calls{"keep command"}) << "the same words are another command";
}

TEST(commands, what_cannot_be_stored_stays_with_the_hub_which_gives_no_more_until_it_can) {
  commands_scene f;
  f.c2d(1, "open");
  f.durable(error{errc::store_unavailable});
  EXPECT_EQ(f.ports.take(), (calls{"keep command", "keep_c2d"})) << "neither completed nor rejected";
  EXPECT_EQ(commands_in(f.shard), 0U);
  EXPECT_TRUE(f.shard.deadline()) << "it is tried again without another message";
  f.tick(1s);
  EXPECT_EQ(f.ports.take(), (calls{"take_c2d"}));
}

TEST(commands, c2d_comes_again_as_soon_as_one_has_ended_in_a_full_ledger) {
  shard_options options;
  options.commands.most = 1;
  commands_scene f{options};
  const auto id = f.pushed(1, "confirmed a");
  f.c2d(2, "b");
  EXPECT_EQ(f.ports.take(), calls{"keep_c2d"});
  f.outcome(id, push_end::taken);
  f.step(id, event_kind::downlink_ack);
  const auto asked = f.ports.take();
  EXPECT_NE(std::find(asked.begin(), asked.end(), "take_c2d"), asked.end());
}

TEST(commands, of_a_device_that_is_forgotten_end_and_what_is_heard_later_is_kept_without_a_report) {
  commands_scene f;
  const auto id = f.pushed(1, "confirmed a");
  EXPECT_EQ(f.shard.forget(f.key("plant", "dev"), true, f.clock.now()), forgetting::busy)
      << "a push is under way";
  f.outcome(id, push_end::taken);
  EXPECT_EQ(f.shard.forget(f.key("plant", "dev"), true, f.clock.now()), forgetting::busy) << "its report is";
  f.durable();
  f.c2d(2, "b");
  f.durable();
  f.durable();
  EXPECT_EQ(f.shard.forget(f.key("plant", "dev"), true, f.clock.now()), forgetting::forgotten);
  EXPECT_EQ(f.shard.commands().totals().in_state[static_cast<std::size_t>(command_state::failed)], 1U);
  f.ports.take();
  const auto late = f.step(id, event_kind::downlink_ack);
  EXPECT_EQ(f.ports.take(), calls{"keep command"});
  EXPECT_EQ(f.ports.appended.back().append_request::device, std::nullopt);
  f.durable();
  EXPECT_EQ(f.ports.answered.at(late), answer::stored);
}

TEST(commands, a_journal_that_takes_nothing_at_once_is_a_disk_that_refuses) {
  commands_scene f;
  f.ports.spool_is_full = true;
  f.c2d(1, "open");
  f.call("anew", "open");
  EXPECT_EQ(f.ports.take(), (calls{"keep_c2d", "answer_method 0 2 503 store_unavailable", "keep_c2d"}));
  EXPECT_EQ(commands_in(f.shard), 0U);
}

TEST(commands, what_is_wrong_with_a_message_is_rejected) {
  commands_scene f;
  f.c2d(1, "bad");
  EXPECT_EQ(f.ports.take(), calls{"settle 0 1 reject"});
  EXPECT_EQ(f.shard.commands().totals().refused[0], 1U);
}

TEST(commands, a_held_message_is_completed_when_its_step_is_reached) {
  commands_scene f{{}, held_until(awaited_step::acknowledged)};
  const auto id = f.pushed(1, "confirmed open");
  f.outcome(id, push_end::taken);
  f.step(id, event_kind::downlink_sent);
  f.durable();
  for (const auto& call : f.ports.take())
    EXPECT_FALSE(call.starts_with("settle")) << call;
  f.step(id, event_kind::downlink_ack);
  const auto asked = f.ports.take();
  EXPECT_NE(std::find(asked.begin(), asked.end(), "settle 0 1 complete"), asked.end());
}

TEST(commands, a_held_message_is_rejected_when_its_command_fails) {
  commands_scene f{{}, held_until(awaited_step::queued)};
  const auto id = f.pushed(1, "open");
  f.outcome(id, push_end::refused, "pkg/applicationserver:no_f_port");
  EXPECT_EQ(f.ports.take(), (calls{"keep command and report", "settle 0 1 reject"}));
  EXPECT_EQ(f.ports.appended.back().messages.at(0).body, "failed pkg/applicationserver:no_f_port");
}

TEST(commands, acknowledged_asked_of_an_unconfirmed_one_means_queued) {
  commands_scene f{{}, held_until(awaited_step::acknowledged)};
  const auto id = f.pushed(1, "open");
  f.outcome(id, push_end::taken);
  EXPECT_EQ(f.ports.take(), (calls{"keep command and report", "settle 0 1 complete"}));
}

TEST(commands, a_delivery_is_settled_within_55_seconds_or_left_for_the_redelivery) {
  commands_scene f{{}, held_until(awaited_step::queued)};
  const auto id = f.pushed(1, "open");
  f.tick(55s);
  f.outcome(id, push_end::taken);
  EXPECT_EQ(f.ports.take(), calls{"keep command and report"}) << "its lock may be over";
  f.c2d(1, "open");
  EXPECT_EQ(f.ports.take(), calls{"settle 0 2 complete"});
}

TEST(commands, a_class_a_device_that_answers_after_two_hours_gets_one_downlink_through_120_locks) {
  commands_scene f{{}, held_until(awaited_step::acknowledged)};
  const auto id = f.pushed(1, "confirmed open");
  f.outcome(id, push_end::taken);
  for (int i = 0; i < 120; ++i) {
    f.tick(60s);
    f.c2d(1, "confirmed open");
    f.durable();
  }
  f.ports.take();
  f.step(id, event_kind::downlink_ack);
  const auto asked = f.ports.take();
  EXPECT_NE(std::find(asked.begin(), asked.end(), "settle 0 121 complete"), asked.end());
  EXPECT_EQ(
      std::count_if(asked.begin(), asked.end(), [](const auto& one) { return one.starts_with("settle"); }),
      1);
  EXPECT_EQ(f.ports.pushed.size(), 1U);
}

TEST(commands, a_class_a_device_that_answers_after_two_hours_has_each_step_told) {
  commands_scene f;
  const auto id = f.pushed(1, "confirmed open");
  f.step(id, event_kind::downlink_queued);
  f.outcome(id, push_end::taken);
  f.durable();
  f.tick(7199s);
  f.step(id, event_kind::downlink_sent);
  f.durable();
  f.tick(1s);
  f.step(id, event_kind::downlink_ack);
  f.durable();
  EXPECT_EQ(f.reported(), (std::vector<std::string>{"queued", "sent", "acknowledged"}));
  EXPECT_EQ(f.ports.pushed.size(), 1U);
}

TEST(methods, with_one_id_to_many_devices_are_each_their_own) {
  commands_scene f;
  for (int i = 0; i < 99; ++i)
    f.online_device("dev" + std::to_string(i));
  f.told = f.ports.appended.size();
  std::size_t calls = 0;
  for (std::uint32_t i = 0; i < 100; ++i)
    f.shard.commands().on_method(device_ref{i}, {delivery_number{++calls}, "id-1", "open"}, f.clock.now());
  EXPECT_EQ(commands_in(f.shard), 100U);
  f.durable();
  while (f.ports.pushed.size() < 100) {
    const auto before = f.ports.pushed.size();
    f.durable();
    for (auto i = before; i < f.ports.pushed.size(); ++i)
      f.outcome(command_id{f.ports.pushed[i]}, push_end::taken);
    f.tick(1s);
    ASSERT_TRUE(f.ports.pushed.size() > before || before == 0);
  }
  EXPECT_EQ(std::set(f.ports.pushed.begin(), f.ports.pushed.end()).size(), 100U);
}

TEST(methods, whose_push_gets_no_answer_are_told_that_theirs_goes_on) {
  commands_scene f;
  f.called("anew", "open");
  f.ports.take();
  f.outcome(f.ports.pushed.back(), push_end::unanswered);
  const auto asked = f.ports.take();
  EXPECT_NE(std::find(asked.begin(), asked.end(), "answer_method 0 1 202 pushing"), asked.end());
}

TEST(methods, that_will_not_reach_their_step_any_more_are_told_so_at_once) {
  commands_scene f;
  f.ports.method_wait = awaited_step::sent;
  f.called("anew", "open");
  f.outcome(f.ports.pushed.back(), push_end::taken);
  f.durable();
  const auto second = f.pushed(1, "replace it");
  f.ports.take();
  f.outcome(second, push_end::taken);
  const auto asked = f.ports.take();
  EXPECT_NE(std::find(asked.begin(), asked.end(), "answer_method 0 1 202 replaced"), asked.end());
}

TEST(methods, are_answered_when_their_step_is_reached) {
  commands_scene f;
  f.called("anew", "open");
  EXPECT_EQ(f.ports.take(), (calls{"keep command", "keep command", "push dev open"}));
  f.outcome(f.ports.pushed.back(), push_end::taken);
  EXPECT_EQ(f.ports.take(), (calls{"keep command and report", "answer_method 0 1 200 queued"}));
}

TEST(methods, whose_time_runs_out_go_on) {
  commands_scene f;
  f.ports.method_wait = awaited_step::acknowledged;
  f.called("anew", "confirmed open");
  f.outcome(f.ports.pushed.back(), push_end::taken);
  f.ports.take();
  f.tick(24s);
  EXPECT_EQ(f.ports.take(), calls{});
  f.tick(1s);
  EXPECT_EQ(f.ports.take(), calls{"answer_method 0 1 202 queued"});
}

TEST(methods, with_an_id_are_one_command_and_with_other_content_refused) {
  commands_scene f;
  f.called("id-1", "open");
  f.ports.take();
  f.call("id-1", "close");
  EXPECT_EQ(f.ports.take(), calls{"answer_method 0 2 400 command_id_taken id-1"});
  f.outcome(f.ports.pushed.back(), push_end::taken);
  f.ports.take();
  f.call("id-1", "open");
  EXPECT_EQ(f.ports.take(), calls{"answer_method 0 3 200 queued"});
  EXPECT_EQ(f.ports.pushed.size(), 1U);
  f.call("anew", "open");
  f.call("anew", "open");
  EXPECT_EQ(f.ports.take(), (calls{"keep command", "keep command"})) << "without an id each is its own";
}

TEST(methods, that_the_stack_refuses_are_answered_with_its_word_and_their_id_is_free_again) {
  struct row {
    const char* error;
    const char* answered;
  };
  for (const auto& row :
       {row{"pkg/applicationserver:no_f_port",
            "answer_method 0 1 502 downlink_refused pkg/applicationserver:no_f_port"},
        row{"pkg/applicationserver:no_device_session",
            "answer_method 0 1 409 downlink_refused pkg/applicationserver:no_device_session"},
        row{"pkg/networkserver:downlink_queue_capacity",
            "answer_method 0 1 429 downlink_refused pkg/networkserver:downlink_queue_capacity"}}) {
    commands_scene f;
    f.called("id-1", "open");
    f.outcome(f.ports.pushed.back(), push_end::refused, row.error);
    const auto asked = f.ports.take();
    EXPECT_EQ(asked.back(), row.answered);
    f.durable();
    f.ports.take();
    f.called("id-1", "other");
    EXPECT_EQ(f.ports.take().back(), "push dev other");
  }
}

TEST(methods, whose_refusal_comes_as_an_event_first_are_answered_with_it_all_the_same) {
  commands_scene f;
  f.called("id-1", "open");
  model::event event;
  event.kind = event_kind::downlink_failed;
  event.from = f.key("plant", "dev");
  downlink_event what;
  what.correlation_ids = {correlation_id_of(f.ports.pushed.back())};
  what.error_name = "pkg/applicationserver:no_device_session";
  event.what = what;
  f.ports.take();
  f.post(event);
  EXPECT_EQ(f.ports.take().back(),
            "answer_method 0 1 409 downlink_refused pkg/applicationserver:no_device_session");
  f.outcome(f.ports.pushed.back(), push_end::refused, "pkg/applicationserver:no_device_session");
  f.durable();
  f.called("id-1", "open");
  EXPECT_EQ(f.ports.pushed.size(), 2U) << "its id is free again";
}

TEST(methods, whose_id_comes_again_before_the_stack_has_answered_do_not_end_its_push) {
  commands_scene f;
  const auto id = f.called("id-1", "open");
  model::event event;
  event.kind = event_kind::downlink_failed;
  event.from = f.key("plant", "dev");
  downlink_event what;
  what.correlation_ids = {correlation_id_of(id)};
  what.error_name = "pkg/applicationserver:no_f_port";
  event.what = what;
  f.post(event);
  f.durable();
  f.ports.take();
  f.call("id-1", "open");
  EXPECT_EQ(f.ports.take(), calls{"answer_method 0 2 503 commands_closed id-1"});
  f.durable(error{errc::store_unavailable});
  f.outcome(id, push_end::refused, "pkg/applicationserver:no_f_port");
  f.called("anew", "other");
  EXPECT_EQ(f.ports.take().back(), "push dev other") << "the turn has ended";
}

TEST(methods, are_not_answered_before_they_are_durable) {
  commands_scene f;
  f.call("anew", "open");
  f.ports.take();
  f.tick(26s);
  EXPECT_EQ(f.ports.take(), calls{}) << "the disk has not answered";
  f.durable(error{errc::store_unavailable});
  EXPECT_EQ(f.ports.take(), (calls{"answer_method 0 1 503 store_unavailable", "keep_c2d"}));
}

TEST(methods, that_wait_at_a_stop_are_told_that_theirs_go_on) {
  commands_scene f;
  f.ports.method_wait = awaited_step::acknowledged;
  f.called("anew", "confirmed a");
  f.call("anew", "confirmed b");
  f.ports.take();
  f.shard.commands().close(f.clock.now());
  EXPECT_EQ(f.ports.take(), (calls{"keep_c2d", "answer_method 0 1 202 pushing"}));
  f.durable();
  EXPECT_EQ(f.ports.take(), calls{"answer_method 0 2 202 stored"});
}

TEST(methods, that_cannot_be_read_or_have_no_room_are_told_which) {
  shard_options options;
  options.commands.most = 1;
  commands_scene f{options};
  f.call("anew", "bad");
  EXPECT_EQ(f.ports.take(), calls{"answer_method 0 1 400 downlink_payload_invalid bad"});
  f.call("anew", "open");
  f.ports.take();
  f.call("anew", "open");
  EXPECT_EQ(f.ports.take(), calls{"answer_method 0 3 429 commands_full plant"});
}

TEST(methods, are_not_pushed_an_hour_later) {
  commands_scene f;
  f.called("anew", "open");
  f.outcome(f.ports.pushed.back(), push_end::not_made);
  f.durable();
  f.ports.take();
  f.clock.advance(301s);
  f.shard.on_tick(f.clock.now());
  const auto asked = f.ports.take();
  EXPECT_NE(std::find(asked.begin(), asked.end(), "keep command and report"), asked.end());
  EXPECT_EQ(f.ports.appended.back().messages.at(0).body, "expired");
  EXPECT_EQ(f.ports.pushed.size(), 1U);
}

TEST(commands, a_brake_refuses_what_is_above_it) {
  auto by = commands_scene::rules();
  by[0].max_downlinks = downlink_brake{2, seconds{3600}};
  commands_scene f{{}, by};
  f.c2d(1, "a");
  f.c2d(2, "b");
  f.ports.take();
  f.c2d(3, "c");
  f.call("anew", "d");
  EXPECT_EQ(f.ports.take(), (calls{"settle 0 3 reject", "keep command and report",
                                   "answer_method 0 4 429 downlink_brake 2 in 3600 s"}));
  EXPECT_EQ(f.ports.appended.back().messages.at(0).body, "failed downlink_brake");
  f.durable();
  f.ports.take();
  f.c2d(3, "c");
  EXPECT_EQ(f.ports.take(), calls{"settle 0 5 reject"}) << "the hub has not heard of it";
  f.c2d(5, "f");
  f.c2d(6, "g");
  EXPECT_EQ(f.ports.take(), (calls{"settle 0 6 reject", "keep command and report", "settle 0 7 reject"}))
      << "a flood is told of by a few";
  f.clock.advance(3600s);
  f.c2d(4, "e");
  EXPECT_EQ(f.ports.take(), calls{"keep command"});
}

TEST(commands, a_full_spool_leaves_out_attempts_and_tells_what_they_end_with) {
  shard_options options;
  options.limits.most.messages = 2;
  commands_scene f{options};
  const auto id = f.pushed(1, "confirmed open");
  f.outcome(id, push_end::taken);
  f.step(id, event_kind::downlink_queued);
  f.step(id, event_kind::downlink_sent, 1);
  f.durable();
  const auto nacked = f.step(id, event_kind::downlink_nack, 1);
  f.step(id, event_kind::downlink_sent, 2);
  f.durable();
  EXPECT_EQ(f.ports.answered.at(nacked), answer::stored) << "what is not told is kept all the same";
  EXPECT_EQ(f.shard.commands().totals().reports_left_out, 2U);
  f.step(id, event_kind::downlink_ack, 2);
  f.durable();
  EXPECT_EQ(f.reported(), (std::vector<std::string>{"queued", "sent", "acknowledged"}));
  EXPECT_EQ(f.state(id), command_state::acknowledged);
}

TEST(commands, a_message_without_room_is_neither_completed_nor_rejected) {
  shard_options options;
  options.commands.most = 2;
  options.commands.application_share = 50;
  commands_scene f{options};
  f.c2d(1, "a");
  f.c2d(2, "b");
  f.ports.take();
  f.c2d(3, "c");
  EXPECT_EQ(f.ports.take(), calls{"keep_c2d"});
  EXPECT_EQ(commands_in(f.shard), 2U);
}

TEST(commands, above_the_share_of_their_application_are_refused_and_another_has_room) {
  shard_options options;
  options.commands.most = 4;
  options.commands.application_share = 50;
  commands_scene f{options};
  f.post(commands_scene::frame("field", "far", 1));
  const auto other = f.ports.appended.back().device;
  f.told = f.ports.appended.size();
  f.ports.take();
  f.c2d(1, "a", other);
  f.c2d(2, "a");
  f.call("anew", "b");
  f.ports.take();
  f.call("anew", "c");
  f.c2d(3, "d");
  EXPECT_EQ(f.ports.take(), calls{"answer_method 0 4 429 commands_share_full plant"})
      << "the message comes again when its lock has run out";
  f.c2d(4, "e", other);
  EXPECT_EQ(f.ports.take(), calls{"keep command"});
}

TEST(commands, the_oldest_that_has_ended_makes_room) {
  shard_options options;
  options.commands.most = 1;
  commands_scene f{options};
  const auto id = f.pushed(1, "confirmed a");
  f.outcome(id, push_end::taken);
  f.step(id, event_kind::downlink_ack);
  f.durable();
  f.ports.take();
  f.c2d(2, "b");
  EXPECT_EQ(f.ports.take(), (calls{"keep command", "forget_command"}));
  EXPECT_EQ(f.state(id), std::nullopt);
}

TEST(commands, are_kept_for_their_history_and_then_forgotten) {
  commands_scene f;
  const auto id = f.pushed(1, "confirmed a");
  f.outcome(id, push_end::taken);
  f.step(id, event_kind::downlink_ack);
  f.durable();
  f.ports.take();
  f.tick(7 * 24h - 1s);
  EXPECT_EQ(f.state(id), command_state::acknowledged);
  f.tick(1s);
  EXPECT_EQ(f.state(id), std::nullopt);
  EXPECT_TRUE(f.ports.commands.empty());
}

TEST(commands, expire_by_the_hubs_time_only_where_the_clock_is_sure) {
  for (const bool sure : {false, true}) {
    shard_options options;
    options.service_time = [sure](moment now) { return sure ? std::optional{now.wall} : std::nullopt; };
    commands_scene f{options};
    f.expires = f.clock.now().wall + 60s;
    f.pushed(1, "confirmed first"); // the second waits behind it
    f.c2d(2, "second");
    f.durable();
    f.ports.take();
    f.tick(60s);
    const auto asked = f.ports.take();
    EXPECT_EQ(std::find(asked.begin(), asked.end(), "keep command and report") != asked.end(), sure);
  }
}

TEST(commands, of_a_replace_those_that_stood_in_the_queue_are_replaced_until_a_step_says_otherwise) {
  commands_scene f;
  const auto first = f.pushed(1, "a");
  f.outcome(first, push_end::taken);
  f.durable();
  const auto second = f.pushed(2, "replace b");
  f.outcome(second, push_end::taken);
  EXPECT_EQ(f.state(first), command_state::replaced);
  EXPECT_EQ(f.state(second), command_state::queued);
  f.step(first, event_kind::downlink_sent);
  EXPECT_EQ(f.state(first), command_state::sent);
}

TEST(commands, events_of_others_go_the_way_of_all_events) {
  commands_scene f;
  model::event event;
  event.kind = event_kind::downlink_sent;
  event.from = f.key("plant", "dev");
  event.what = downlink_event{{"as:downlink:01X"}, {}, {}, {}, {}, {}, {}, {}, false, false};
  const auto other = f.post(event);
  EXPECT_EQ(f.ports.answered.at(other), answer::unwanted) << "the kind is switched off";
}

TEST(commands, a_second_item_of_one_command_is_said_and_not_taken) {
  commands_scene f;
  const auto id = f.pushed(1, "open");
  f.step(id, event_kind::downlink_queued);
  model::event event;
  event.kind = event_kind::downlink_sent;
  event.from = f.key("plant", "dev");
  event.what =
      downlink_event{{"as:downlink:OTHER", correlation_id_of(id)}, {}, 3, {}, {}, {}, {}, {}, false, false};
  const auto other = f.post(event);
  EXPECT_EQ(f.ports.answered.at(other), answer::unwanted);
  EXPECT_EQ(f.state(id), command_state::queued);
  EXPECT_EQ(f.shard.commands().totals().steps_elsewhere, 1U);
}

TEST(commands, none_are_taken_after_close) {
  commands_scene f;
  f.shard.commands().close(f.clock.now());
  f.c2d(1, "open");
  f.call("anew", "open");
  EXPECT_EQ(f.ports.take(), (calls{"keep_c2d", "answer_method 0 2 503 commands_closed"}));
}

} // namespace
} // namespace causeway::core
