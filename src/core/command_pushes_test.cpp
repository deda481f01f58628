// SPDX-License-Identifier: Apache-2.0
// Pushes that get no answer, starts with pushes under way, and the looks of long silence.
#include "core/commands_scene.h"

#include <gtest/gtest.h>

namespace causeway::core {
namespace {

using namespace std::chrono_literals;
using testing::calls;
using testing::commands_scene;
using testing::shard_fixture;
using testing::state_in;

using looking = commands_scene;

TEST(pushes, without_an_answer_are_looked_for_and_nothing_is_sent_meanwhile) {
  looking f;
  const auto id = f.pushed(1, "a");
  f.c2d(2, "b");
  f.durable();
  f.ports.take();
  f.outcome(id, push_end::unanswered);
  EXPECT_EQ(f.ports.take(), calls{"read_queue dev"});
  f.queue_read(true);
  EXPECT_EQ(f.state(id), command_state::queued);
  f.durable();
  EXPECT_FALSE(f.was_asked("push dev b")) << "11 s after a push without an answer";
  f.tick(11s);
  f.durable();
  EXPECT_TRUE(f.was_asked("push dev b"));
}

TEST(pushes, that_never_arrived_are_pushed_again_and_only_then) {
  looking f;
  const auto id = f.pushed(1, "a");
  f.outcome(id, push_end::unanswered);
  f.queue_read(false);
  EXPECT_TRUE(f.was_asked("read_record dev"));
  f.record_read();
  EXPECT_EQ(f.state(id), command_state::pushing) << "it may still come for 11 s";
  f.tick(11s);
  EXPECT_TRUE(f.was_asked("read_queue dev"));
  f.queue_read(false);
  f.record_read(f.clock.now().wall - 3600s);
  EXPECT_EQ(f.state(id), command_state::pushing) << "its next push has begun";
  f.durable();
  EXPECT_TRUE(f.was_asked("push dev a"));
  EXPECT_EQ(f.ports.pushed.size(), 2U);
}

TEST(pushes, do_not_leave_again_where_a_late_step_has_told_of_the_first) {
  looking f;
  const auto id = f.pushed(1, "a");
  f.outcome(id, push_end::unanswered);
  f.queue_read(false);
  f.record_read();
  f.tick(11s);
  f.queue_read(false);
  f.record_read(f.clock.now().wall - 3600s); // never arrived: its next push is being written down
  f.step(id, event_kind::downlink_queued);
  f.durable();
  f.durable();
  EXPECT_EQ(f.ports.pushed.size(), 1U);
  EXPECT_EQ(f.state(id), command_state::queued);
  f.c2d(2, "b");
  f.durable();
  f.durable();
  f.tick(11s);
  f.durable();
  EXPECT_TRUE(f.was_asked("push dev b")) << "its turn is over";
}

TEST(pushes, of_two_before_a_start_the_first_is_looked_for_and_the_other_in_doubt) {
  looking before;
  before.pushed(1, "a");
  auto image = before.on_disk();
  auto copy = image.commands.at(0);
  copy.id = command_id{std::string(32, '7')};
  image.commands.push_back(copy);
  shard_fixture anew;
  anew.start(std::move(image));
  EXPECT_EQ(state_in(anew.shard, copy.id), command_state::in_doubt);
}

TEST(pushes, a_replace_does_not_wait_for_what_it_takes_the_place_of) {
  looking f;
  const auto first = f.pushed(1, "confirmed a");
  f.outcome(first, push_end::taken);
  f.durable();
  f.c2d(2, "replace b");
  f.durable();
  f.durable();
  EXPECT_TRUE(f.was_asked("push dev replace b"));
}

// The order counts as it is when its turn comes, not as it was when it came.
TEST(pushes, a_replace_that_was_stored_beside_a_confirmed_one_waits_once_that_is_on_the_air) {
  looking f;
  f.outcome(f.pushed(1, "first"), push_end::later);
  f.c2d(2, "confirmed open");
  f.c2d(3, "replace close");
  f.durable();
  f.tick(60s);
  f.durable();
  f.outcome(f.ports.pushed.back(), push_end::taken);
  f.durable();
  f.durable();
  const auto open = f.ports.pushed.back();
  EXPECT_EQ(f.ports.calls.back(), "push dev confirmed open");
  f.step(open, event_kind::downlink_sent); // before its answer
  f.outcome(open, push_end::taken);
  f.durable();
  f.durable();
  EXPECT_EQ(f.ports.pushed.back(), open);
}

// At a device of class C it is sent again after its next uplink: the device would hear `open` after `close`.
TEST(pushes, a_replace_waits_for_a_confirmed_one_that_is_on_the_air) {
  looking f;
  const auto open = f.pushed(1, "confirmed open");
  f.outcome(open, push_end::taken);
  f.step(open, event_kind::downlink_sent);
  f.c2d(2, "replace close");
  f.durable();
  f.durable();
  EXPECT_EQ(f.ports.pushed.size(), 1U);
  f.step(open, event_kind::downlink_nack); // it stands in the queue again, which is emptied
  f.durable();
  f.durable();
  EXPECT_TRUE(f.was_asked("push dev replace close"));
}

// Its transmission has failed, and it goes on (real-stack-facts.md 1.1.5).
TEST(pushes, a_replace_waits_for_a_confirmed_one_that_could_not_be_sent_and_goes_on) {
  looking f;
  const auto open = f.pushed(1, "confirmed open");
  f.outcome(open, push_end::taken);
  f.durable();
  f.fail(open, "pkg/networkserver:transmission");
  f.c2d(2, "replace close");
  f.durable();
  f.durable();
  EXPECT_EQ(f.ports.pushed.size(), 1U);
  f.step(open, event_kind::downlink_nack);
  f.durable();
  f.durable();
  EXPECT_TRUE(f.was_asked("push dev replace close"));
}

TEST(pushes, of_which_nothing_can_be_proven_are_in_doubt_and_never_repeated) {
  looking f;
  const auto id = f.pushed(1, "a");
  f.outcome(id, push_end::unanswered);
  f.look_twice(f.clock.now().wall); // it has spoken since
  EXPECT_EQ(f.state(id), command_state::in_doubt);
  f.durable();
  f.tick(3600s);
  f.durable();
  EXPECT_EQ(f.ports.pushed.size(), 1U);
  f.step(id, event_kind::downlink_sent);
  EXPECT_EQ(f.state(id), command_state::sent) << "until a step says otherwise";
}

TEST(pushes, behind_a_replace_that_was_in_doubt_are_not_replaced_by_it) {
  looking f;
  const auto replace = f.pushed(1, "replace a");
  f.outcome(replace, push_end::unanswered);
  f.look_twice(f.clock.now().wall);
  ASSERT_EQ(f.state(replace), command_state::in_doubt);
  f.durable();
  const auto behind = f.pushed(2, "b");
  f.outcome(behind, push_end::taken);
  f.step(replace, event_kind::downlink_queued); // late
  EXPECT_EQ(f.state(replace), command_state::queued);
  EXPECT_EQ(f.state(behind), command_state::queued);
}

TEST(pushes, are_known_by_a_step_that_beats_the_looks) {
  looking f;
  const auto id = f.pushed(1, "a");
  f.outcome(id, push_end::unanswered);
  f.step(id, event_kind::downlink_queued);
  EXPECT_EQ(f.state(id), command_state::queued);
  f.queue_read(false); // of the look that is over
  f.tick(60s);
  f.durable();
  EXPECT_EQ(f.state(id), command_state::queued);
  f.c2d(2, "b");
  f.durable();
  f.durable();
  EXPECT_TRUE(f.was_asked("push dev b"));
}

TEST(pushes, whose_step_beats_even_their_missing_answer_are_no_question) {
  looking f;
  const auto id = f.pushed(1, "a");
  f.step(id, event_kind::downlink_queued);
  f.outcome(id, push_end::unanswered);
  EXPECT_FALSE(f.was_asked("read_queue dev"));
  EXPECT_EQ(f.state(id), command_state::queued);
}

TEST(pushes, that_did_not_leave_are_made_again) {
  looking f;
  const auto id = f.pushed(1, "a");
  f.outcome(id, push_end::not_made);
  EXPECT_EQ(f.state(id), command_state::stored);
  f.durable();
  f.tick(2s);
  f.durable();
  EXPECT_TRUE(f.was_asked("push dev a"));
  EXPECT_EQ(f.ports.pushed, (std::vector<command_id>{id, id}));
}

TEST(pushes, may_leave_only_within_five_seconds_of_the_disks_word) {
  looking f;
  const auto id = f.pushed(1, "a");
  EXPECT_TRUE(f.shard.commands().may_leave(id, f.clock.now()));
  f.clock.advance(5s);
  EXPECT_FALSE(f.shard.commands().may_leave(id, f.clock.now()));
}

TEST(pushes, do_not_begin_after_close_and_one_that_has_left_is_heard_of) {
  looking f;
  f.pushed(1, "a");
  f.c2d(2, "b", f.which);
  f.durable();
  f.shard.commands().close(f.clock.now());
  f.outcome(f.ports.pushed.back(), push_end::taken);
  f.durable();
  EXPECT_EQ(f.state(f.ports.pushed.back()), command_state::queued);
  EXPECT_EQ(f.ports.pushed.size(), 1U);
}

TEST(pushes, a_confirmed_one_is_never_overtaken) {
  looking f;
  const auto open = f.pushed(1, "confirmed open");
  f.outcome(open, push_end::taken);
  f.c2d(2, "close");
  f.durable();
  f.step(open, event_kind::downlink_sent);
  f.step(open, event_kind::downlink_nack);
  f.durable();
  EXPECT_FALSE(f.was_asked("push dev close"));
  f.step(open, event_kind::downlink_ack, 2);
  f.durable();
  f.durable();
  EXPECT_TRUE(f.was_asked("push dev close"));
}

TEST(pushes, of_a_class_a_device_do_not_wait_for_a_confirmed_one_once_its_record_says_so) {
  looking f;
  f.outcome(f.pushed(1, "confirmed open"), push_end::taken);
  f.c2d(2, "a");
  f.c2d(3, "b");
  f.durable();
  const auto asked = f.ports.take();
  EXPECT_EQ(std::count(asked.begin(), asked.end(), "read_record dev"), 1) << "once, while it is being read";
  EXPECT_EQ(f.ports.pushed.size(), 1U);
  f.record_read();
  f.durable();
  EXPECT_TRUE(f.was_asked("push dev a"));
  f.outcome(f.ports.pushed.back(), push_end::taken);
  f.durable();
  f.durable();
  EXPECT_TRUE(f.was_asked("push dev b")) << "in the order stored";
  f.outcome(f.ports.pushed.back(), push_end::taken);
  f.c2d(4, "c");
  f.durable();
  f.durable();
  EXPECT_TRUE(f.was_asked("push dev c")) << "what the record said counts for ten minutes";
}

TEST(pushes, of_a_device_of_another_class_or_whose_record_is_not_seen_wait_for_the_end) {
  for (const auto how : {read_end::seen, read_end::failed, read_end::refused}) {
    looking f;
    const auto open = f.pushed(1, "confirmed open");
    f.outcome(open, push_end::taken);
    f.c2d(2, "close");
    f.durable();
    record_reading what;
    what.how = how;
    what.what.class_a = false;
    f.shard.commands().on_record_read(f.ports.looked_for.back(), what, f.clock.now());
    f.durable();
    EXPECT_EQ(f.ports.pushed.size(), 1U);
    f.step(open, event_kind::downlink_ack);
    f.durable();
    f.durable();
    EXPECT_EQ(f.ports.pushed.size(), 2U);
  }
}

TEST(pushes, of_a_class_a_device_wait_again_when_its_record_is_old) {
  looking f;
  f.outcome(f.pushed(1, "confirmed open"), push_end::taken);
  f.c2d(2, "a");
  f.durable();
  f.record_read();
  f.durable();
  f.outcome(f.ports.pushed.back(), push_end::taken);
  f.durable();
  f.ports.take();
  f.tick(600s);
  f.c2d(3, "b");
  f.durable();
  EXPECT_TRUE(f.was_asked("read_record dev"));
  EXPECT_EQ(f.ports.pushed.size(), 2U);
}

TEST(pushes, of_the_process_before_are_looked_for_and_the_others_wait) {
  looking before;
  before.pushed(1, "a");
  before.c2d(2, "b");
  before.durable();
  looking f;
  f.ports.take();
  shard_fixture anew;
  anew.start(before.on_disk());
  EXPECT_EQ(anew.shard.deadline(), anew.clock.now().mono);
  anew.shard.on_tick(anew.clock.now());
  EXPECT_EQ(std::count(anew.ports.calls.begin(), anew.ports.calls.end(), "read_queue dev"), 1);
  EXPECT_TRUE(anew.ports.pushed.empty());
  const auto id = anew.ports.looked_for.at(0);
  queue_reading stands{read_end::seen, {{{correlation_id_of(id)}, 1, 1}}};
  anew.shard.commands().on_queue_read(id, stands, anew.clock.now());
  anew.clock.advance(11s);
  anew.shard.on_tick(anew.clock.now());
  for (const auto& one : std::vector(anew.ports.appended))
    anew.shard.on_appended({{one.id, {}, {}}}, anew.clock.now());
  EXPECT_EQ(anew.ports.calls.back(), "push dev b");
}

shard_options with_clock(const bool& is_sure) {
  auto options = commands_scene::with_ids({});
  options.service_time = [&is_sure](moment now) { return is_sure ? std::optional{now.wall} : std::nullopt; };
  return options;
}

TEST(pushes, of_what_has_expired_while_nothing_ran_are_not_made_once_the_time_is_sure) {
  const bool sure = true;
  for (const bool is_call : {false, true}) {
    looking before{with_clock(sure)};
    before.pushed(1, "confirmed open"); // the others wait behind it
    before.expires = before.clock.now().wall + 1800s;
    if (is_call)
      before.call("anew", "a");
    else
      before.c2d(2, "a");
    before.durable();
    auto image = before.on_disk();
    image.commands.erase(image.commands.begin());
    bool is_sure = false;
    looking anew{commands_scene::rules(), looking::without_device::yes, with_clock(is_sure)};
    anew.clock.advance(3600s);
    anew.start(image);
    anew.assigned(before.which, "h", "hub", "", "dev");
    anew.durable();
    EXPECT_TRUE(anew.ports.pushed.empty()) << "nobody knows yet what time it is";
    is_sure = true;
    anew.clock.advance(1s);
    EXPECT_LE(anew.shard.deadline(), anew.clock.now().mono);
    anew.shard.on_tick(anew.clock.now());
    anew.durable();
    EXPECT_TRUE(anew.ports.pushed.empty());
    EXPECT_EQ(anew.ports.appended.back().messages.at(0).body, "expired");
  }
}

TEST(pushes, that_wait_for_a_time_that_nobody_tells_end_by_open_hours_and_hold_up_no_others_longer) {
  const bool sure = true;
  looking before{with_clock(sure)};
  before.pushed(1, "confirmed open");
  before.call("anew", "a");
  before.durable();
  auto image = before.on_disk();
  image.commands.erase(image.commands.begin());
  const bool never = false;
  looking anew{commands_scene::rules(), looking::without_device::yes, with_clock(never)};
  anew.start(image);
  anew.assigned(before.which, "h", "hub", "", "dev");
  anew.c2d(2, "b", before.which);
  anew.durable();
  anew.durable();
  EXPECT_TRUE(anew.ports.pushed.empty()) << "in the order stored";
  anew.tick(301s);
  anew.tick(1s);
  anew.durable();
  anew.durable();
  EXPECT_EQ(anew.ports.calls.back(), "push dev b");
}

TEST(pushes, that_get_errors_for_an_hour_are_looked_for_and_repeated_more_and_more_slowly) {
  looking f;
  const auto id = f.pushed(1, "a");
  const auto start = f.clock.now().mono;
  while (f.clock.now().mono - start < 3600s) {
    f.outcome(id, push_end::unanswered, "500");
    const auto pushes = f.ports.pushed.size();
    f.look_twice(); // the device has never spoken: it is proven that it has not arrived
    for (int i = 0; f.ports.pushed.size() == pushes && i < 1000; ++i) {
      f.durable();
      f.tick(1s);
    }
    ASSERT_GT(f.ports.pushed.size(), pushes);
  }
  EXPECT_LE(f.ports.pushed.size(), 13U);
  f.outcome(id, push_end::taken);
  EXPECT_EQ(f.state(id), command_state::queued);
}

TEST(pushes, that_are_taken_and_of_which_nothing_is_heard_are_counted_by_application) {
  looking f;
  const auto id = f.pushed(1, "a");
  f.outcome(id, push_end::taken);
  f.durable();
  f.outcome(f.pushed(2, "b"), push_end::taken);
  f.durable();
  f.tick(59s);
  EXPECT_EQ(f.shard.commands().totals().silent_applications, 0U);
  f.tick(1s);
  EXPECT_EQ(f.shard.commands().totals().silent_applications, 1U);
  f.step(id, event_kind::downlink_sent);
  EXPECT_EQ(f.shard.commands().totals().silent_applications, 0U);
}

TEST(pushes, whose_event_beats_their_answer_are_heard_of) {
  looking f;
  const auto id = f.pushed(1, "a");
  f.step(id, event_kind::downlink_queued);
  f.outcome(id, push_end::taken);
  f.durable();
  f.tick(60s);
  EXPECT_EQ(f.shard.commands().totals().silent_applications, 0U);
}

TEST(pushes, a_message_that_comes_again_after_a_restart_finds_its_command) {
  looking before;
  before.pushed(1, "a");
  shard_fixture anew;
  anew.start(before.on_disk());
  anew.assigned(before.which, "h", "hub", "", "dev");
  c2d_message again;
  again.number = delivery_number{7};
  again.sequence_number = 1;
  again.enqueued_ms = 1000;
  again.body = "a";
  anew.ports.take();
  anew.shard.commands().on_c2d(before.which, again, anew.clock.now());
  EXPECT_EQ(anew.ports.take(), calls{"settle 0 7 complete"});
  EXPECT_TRUE(anew.ports.pushed.empty());
}

TEST(silence, of_a_day_is_asked_and_an_item_that_stands_stays_queued) {
  looking f;
  const auto id = f.pushed(1, "a");
  f.outcome(id, push_end::taken);
  f.durable();
  f.ports.take();
  for (int day = 0; day < 21; ++day) {
    f.tick(24h);
    ASSERT_TRUE(f.was_asked("read_queue dev")) << day;
    f.queue_read(true);
    EXPECT_EQ(f.state(id), command_state::queued);
  }
  f.step(id, event_kind::downlink_sent);
  EXPECT_EQ(f.state(id), command_state::sent);
}

TEST(silence, in_two_looks_nowhere_is_no_word) {
  looking f;
  const auto id = f.pushed(1, "confirmed a");
  f.outcome(id, push_end::taken);
  f.step(id, event_kind::downlink_sent);
  f.durable();
  f.tick(24h);
  f.queue_read(false);
  f.record_read();
  EXPECT_EQ(f.state(id), command_state::sent);
  f.tick(11s);
  f.queue_read(false);
  f.record_read();
  EXPECT_EQ(f.state(id), command_state::no_word);
  f.step(id, event_kind::downlink_ack);
  EXPECT_EQ(f.state(id), command_state::acknowledged) << "a late one";
}

// A gateway without TX_ACK: nothing tells that an unconfirmed one was sent.
TEST(silence, of_an_unconfirmed_one_that_was_sent_unheard_is_no_word) {
  looking f;
  const auto id = f.pushed(1, "a");
  f.outcome(id, push_end::taken);
  f.step(id, event_kind::downlink_queued);
  f.durable();
  f.tick(24h);
  f.look_twice();
  f.durable();
  EXPECT_EQ(f.state(id), command_state::no_word);
  EXPECT_EQ(f.ports.appended.back().messages.at(0).body, "no_word");
}

TEST(silence, of_an_unconfirmed_one_that_was_sent_is_no_question) {
  looking f;
  const auto id = f.pushed(1, "a");
  f.outcome(id, push_end::taken);
  f.step(id, event_kind::downlink_sent);
  f.durable();
  f.ports.take();
  f.tick(48h);
  EXPECT_FALSE(f.was_asked("read_queue dev"));
}

// Devices that are never heard of again. What still stands in the stack's queue is asked for, and stays.
TEST(silence, of_dead_devices_frees_the_ledger_after_their_history) {
  shard_options options;
  options.commands.most = 3;
  commands_scene f{options};
  const auto silent = f.pushed(1, "a");
  f.outcome(silent, push_end::taken);
  f.durable();
  const auto doubtful = f.pushed(2, "b");
  f.outcome(doubtful, push_end::unanswered);
  for (const auto pause : {11s, 0s}) {
    f.queue_read(false);
    f.record_read(f.clock.now().wall);
    f.tick(pause);
  }
  EXPECT_EQ(f.state(doubtful), command_state::in_doubt);
  f.durable();
  const auto stays = f.pushed(3, "c");
  f.outcome(stays, push_end::taken);
  f.durable();
  f.call("anew", "d");
  EXPECT_EQ(f.ports.calls.back(), "answer_method 0 4 429 commands_full plant");
  for (int day = 0; day < 9; ++day) {
    f.tick(24h);
    for (int look = 0; look < 2; ++look) {
      for (const auto& id : {silent, stays}) {
        if (f.state(id) != command_state::queued) continue;
        queue_reading what{read_end::seen, {}};
        if (id == stays) what.what.push_back({{correlation_id_of(id)}, 1, 1});
        f.shard.commands().on_queue_read(id, what, f.clock.now());
        record_reading record;
        record.how = read_end::seen;
        record.stack_time = f.clock.now().wall;
        f.shard.commands().on_record_read(id, record, f.clock.now());
      }
      f.tick(11s);
      f.durable();
    }
  }
  EXPECT_EQ(f.state(silent), std::nullopt);
  EXPECT_EQ(f.state(doubtful), std::nullopt);
  EXPECT_EQ(f.state(stays), command_state::queued);
  f.ports.take();
  f.call("anew", "d");
  EXPECT_EQ(f.ports.take(), calls{"keep command"});
}

} // namespace
} // namespace causeway::core
