// SPDX-License-Identifier: Apache-2.0
#include "core/queue_clearings.h"

#include "core/commands_scene.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace causeway::core {
namespace {

using namespace std::chrono_literals;
using testing::calls;
using testing::commands_scene;

struct clearing : commands_scene {
  std::vector<queue_clearing> told_of;

  void clear(const std::string& device = "dev") {
    shard.commands().clear(
        key("plant", device), [this](const queue_clearing& what) { told_of.push_back(what); }, clock.now());
  }
  void emptied(push_end how, const std::string& error_name = {}) {
    outcome(ports.emptied.back(), how, error_name);
  }
  bool was_asked(const std::string& what) {
    const auto all = ports.take();
    return std::find(all.begin(), all.end(), what) != all.end();
  }
  command_id queued(std::int64_t sequence, const std::string& body) {
    auto id = pushed(sequence, body);
    outcome(id, push_end::taken);
    durable();
    ports.take();
    return id;
  }
};

TEST(queue_clearing, cancels_what_stood_in_the_queue_with_a_report_each_and_leaves_what_is_stored) {
  clearing f;
  const auto first = f.queued(1, "a"), second = f.queued(2, "confirmed b");
  f.c2d(3, "c");
  f.durable();
  f.ports.take();
  f.clear();
  EXPECT_EQ(f.ports.take(), calls{"empty_queue dev"});
  EXPECT_TRUE(f.told_of.empty());
  f.emptied(push_end::taken);
  ASSERT_EQ(f.told_of.size(), 1U);
  EXPECT_EQ(f.told_of[0].how, clearing_end::done);
  EXPECT_EQ(f.told_of[0].cancelled, 2U);
  EXPECT_EQ(f.state(first), command_state::cancelled);
  EXPECT_EQ(f.state(second), command_state::cancelled);
  std::size_t reports = 0;
  for (const auto& one : f.ports.appended)
    for (const auto& message : one.messages)
      if (message.body == "cancelled") ++reports;
  EXPECT_EQ(reports, 2U);
  f.durable();
  f.durable();
  EXPECT_TRUE(f.was_asked("push dev c")) << "the end of the confirmed one that it waited for";
}

TEST(queue_clearing, of_what_is_on_its_way_to_the_device_changes_nothing_and_a_late_step_says_otherwise) {
  clearing f;
  const auto sent = f.queued(1, "confirmed a");
  f.step(sent, event_kind::downlink_sent);
  f.clear();
  f.emptied(push_end::taken);
  EXPECT_EQ(f.told_of.at(0).cancelled, 0U);
  EXPECT_EQ(f.state(sent), command_state::sent);
  f.step(sent, event_kind::downlink_ack);
  f.durable();
  const auto taken_out = f.queued(2, "b");
  f.clear();
  f.emptied(push_end::taken);
  EXPECT_EQ(f.state(taken_out), command_state::cancelled);
  f.step(taken_out, event_kind::downlink_sent, 2);
  EXPECT_EQ(f.state(taken_out), command_state::sent) << "it had left the queue before";
}

TEST(queue_clearing, waits_for_the_push_that_is_under_way) {
  clearing f;
  const auto id = f.pushed(1, "a");
  f.clear();
  EXPECT_EQ(f.ports.take(), calls{});
  f.outcome(id, push_end::taken);
  EXPECT_TRUE(f.was_asked("empty_queue dev"));
  f.emptied(push_end::taken);
  EXPECT_EQ(f.told_of.at(0).cancelled, 1U);
}

TEST(queue_clearing, is_given_up_where_its_turn_does_not_come) {
  clearing f;
  const auto id = f.pushed(1, "a");
  f.outcome(id, push_end::unanswered);
  f.clear();
  f.tick(14s);
  EXPECT_FALSE(f.was_asked("empty_queue dev")) << "it is not known yet what became of the push";
  EXPECT_TRUE(f.told_of.empty());
  f.tick(1s);
  EXPECT_EQ(f.told_of.at(0).how, clearing_end::not_begun);
  queue_reading there{read_end::seen, {{{correlation_id_of(id)}, 1, 1}}};
  f.shard.commands().on_queue_read(id, there, f.clock.now());
  EXPECT_EQ(f.state(id), command_state::queued);
  f.tick(60s);
  EXPECT_FALSE(f.was_asked("empty_queue dev"));
}

TEST(queue_clearing, without_an_answer_holds_the_devices_turn_for_11_seconds_and_changes_nothing) {
  clearing f;
  const auto id = f.queued(1, "a");
  f.clear();
  f.emptied(push_end::unanswered, "timed_out");
  EXPECT_EQ(f.told_of.at(0).how, clearing_end::unanswered);
  EXPECT_EQ(f.told_of.at(0).error_name, "timed_out");
  EXPECT_EQ(f.state(id), command_state::queued);
  f.c2d(2, "b");
  f.durable();
  f.tick(10s);
  f.durable();
  EXPECT_FALSE(f.was_asked("push dev b"));
  f.tick(1s);
  f.durable();
  EXPECT_TRUE(f.was_asked("push dev b"));
}

TEST(queue_clearing, that_the_stack_refuses_says_its_name_and_changes_nothing) {
  clearing f;
  const auto id = f.queued(1, "a");
  f.clear();
  f.emptied(push_end::refused, "pkg/applicationserver:no_device_session");
  EXPECT_EQ(f.told_of.at(0).how, clearing_end::refused);
  EXPECT_EQ(f.told_of.at(0).error_name, "pkg/applicationserver:no_device_session");
  EXPECT_EQ(f.state(id), command_state::queued);
}

TEST(queue_clearing, of_which_not_a_byte_has_left_is_tried_again_while_somebody_waits) {
  clearing f;
  f.clear();
  f.emptied(push_end::not_made);
  EXPECT_TRUE(f.told_of.empty());
  f.ports.take();
  f.tick(1s);
  EXPECT_TRUE(f.was_asked("empty_queue dev"));
  push_outcome slower;
  slower.how = push_end::later;
  slower.pause = 60s;
  f.shard.commands().on_push_outcome(f.ports.emptied.back(), slower, f.clock.now());
  f.tick(13s);
  EXPECT_TRUE(f.told_of.empty());
  f.tick(1s);
  ASSERT_EQ(f.told_of.size(), 1U) << "not more than 15 s in all";
  EXPECT_EQ(f.told_of[0].how, clearing_end::not_begun);
}

TEST(queue_clearing, that_is_asked_for_twice_is_one) {
  clearing f;
  f.clear();
  f.clear();
  EXPECT_EQ(f.ports.emptied.size(), 1U);
  f.emptied(push_end::taken);
  EXPECT_EQ(f.told_of.size(), 2U);
}

TEST(queue_clearing, may_leave_once_its_turn_has_come_until_a_stop) {
  clearing f;
  const auto id = f.pushed(1, "a");
  f.clear();
  EXPECT_FALSE(f.shard.commands().may_leave(command_id{"clearing-1"}, f.clock.now()));
  f.outcome(id, push_end::taken);
  EXPECT_TRUE(f.shard.commands().may_leave(f.ports.emptied.at(0), f.clock.now()));
  f.shard.commands().close(f.clock.now());
  EXPECT_FALSE(f.shard.commands().may_leave(f.ports.emptied.at(0), f.clock.now()));
  EXPECT_TRUE(f.told_of.empty()) << "it may have left";
  f.emptied(push_end::not_made);
  EXPECT_EQ(f.told_of.at(0).how, clearing_end::closed);
}

TEST(queue_clearing, of_a_device_that_is_not_here_or_at_a_stop_is_said_at_once) {
  clearing f;
  f.clear("nobody");
  EXPECT_EQ(f.told_of.at(0).how, clearing_end::unknown);
  const auto id = f.pushed(1, "a");
  f.clear();
  f.shard.commands().close(f.clock.now());
  EXPECT_EQ(f.told_of.at(1).how, clearing_end::closed) << "it waited";
  f.clear();
  EXPECT_EQ(f.told_of.at(2).how, clearing_end::closed);
  f.outcome(id, push_end::taken);
  EXPECT_TRUE(f.ports.emptied.empty());
}

TEST(queue_clearing, keeps_its_device_while_it_is_under_way) {
  clearing f;
  f.clear();
  EXPECT_EQ(f.shard.forget(f.key("plant", "dev"), true, f.clock.now()), forgetting::busy);
  f.emptied(push_end::taken);
  EXPECT_EQ(f.shard.forget(f.key("plant", "dev"), true, f.clock.now()), forgetting::forgotten);
}

} // namespace
} // namespace causeway::core
