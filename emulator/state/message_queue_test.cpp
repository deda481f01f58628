// SPDX-License-Identifier: Apache-2.0
#include "emulator/state/message_queue.h"

#include <gtest/gtest.h>

namespace causeway::emulator {
namespace {

using namespace std::chrono_literals;

class message_queue_test : public ::testing::Test {
protected:
  std::optional<std::uint64_t> add(const std::string& id, std::chrono::seconds life = 1h,
                                   std::chrono::seconds delay = 0s) {
    hub_message message;
    message.message_id = id;
    const auto now = clock_.now();
    return queue_.add(std::move(message), now.wall, now.mono + life, now.mono + delay);
  }
  // The id of the message that is taken, or "".
  std::string take() {
    last_ = guids_.next();
    const auto* taken = queue_.take(last_, clock_.now().mono);
    return taken == nullptr ? "" : taken->content.message_id;
  }
  message_queue::verdict settle(settlement how) { return queue_.settle(last_, how, clock_.now().mono); }
  void pass_after(std::chrono::seconds time) {
    clock_.advance(time);
    queue_.pass(clock_.now().mono);
  }

  manual_clock clock_;
  guid_maker guids_{"test"};
  guid last_;
  message_queue queue_;
};

TEST_F(message_queue_test, the_first_comes_out_first_and_each_once) {
  EXPECT_EQ(add("a"), 1U);
  EXPECT_EQ(add("b"), 2U);
  EXPECT_EQ(take(), "a");
  EXPECT_EQ(take(), "b");
  EXPECT_EQ(take(), "");
}

TEST_F(message_queue_test, the_fifty_first_finds_no_room_until_one_has_ended) {
  for (int i = 0; i < 50; ++i)
    ASSERT_TRUE(add("m"));
  EXPECT_FALSE(add("one more"));
  take();
  EXPECT_FALSE(add("one more")) << "a locked message still has its place";
  settle(settlement::complete);
  EXPECT_EQ(add("one more"), 51U);
}

TEST_F(message_queue_test, a_completed_message_and_a_rejected_one_have_ended) {
  add("a");
  add("b");
  take();
  const auto completed = settle(settlement::complete);
  ASSERT_TRUE(completed.ended);
  EXPECT_EQ(completed.ended->how, message_end::completed);
  EXPECT_EQ(completed.ended->message.content.message_id, "a");
  take();
  EXPECT_EQ(settle(settlement::reject).ended->how, message_end::rejected);
  EXPECT_EQ(queue_.size(), 0U);
}

TEST_F(message_queue_test, an_abandoned_message_comes_again_before_those_behind_it_and_counts) {
  add("a");
  add("b");
  take();
  EXPECT_FALSE(settle(settlement::abandon).ended);
  EXPECT_EQ(take(), "a");
  EXPECT_EQ(queue_.messages().front().delivery_count, 1U);
  EXPECT_EQ(queue_.messages().front().deliveries, 2U);
}

TEST_F(message_queue_test, the_tenth_abandon_is_the_end) {
  add("a");
  for (int i = 0; i < 9; ++i) {
    ASSERT_EQ(take(), "a");
    ASSERT_FALSE(settle(settlement::abandon).ended) << i;
  }
  take();
  const auto last = settle(settlement::abandon);
  ASSERT_TRUE(last.ended);
  EXPECT_EQ(last.ended->how, message_end::delivery_count_exceeded);
  EXPECT_EQ(last.ended->message.delivery_count, 10U);
}

TEST_F(message_queue_test, a_lock_lasts_sixty_seconds_and_its_end_counts_for_nothing) {
  add("a");
  take();
  EXPECT_EQ(queue_.next_due(clock_.now().mono), clock_.now().mono + 60s);
  pass_after(59s);
  EXPECT_FALSE(queue_.has_one(clock_.now().mono));
  pass_after(1s);
  EXPECT_EQ(queue_.messages().front().delivery_count, 0U);
  EXPECT_EQ(take(), "a");
}

TEST_F(message_queue_test, a_settlement_with_a_dead_lock_changes_nothing) {
  add("a");
  take();
  const auto dead = last_;
  clock_.advance(60s); // nobody has looked at the queue since
  EXPECT_TRUE(queue_.settle(dead, settlement::complete, clock_.now().mono).lock_lost);
  pass_after(0s);
  EXPECT_EQ(take(), "a");
  EXPECT_TRUE(queue_.settle(dead, settlement::reject, clock_.now().mono).lock_lost) << "of the former lock";
  EXPECT_FALSE(settle(settlement::complete).lock_lost);
}

TEST_F(message_queue_test, a_message_expires_by_its_own_time) {
  add("a", 10s);
  add("b", 20s);
  clock_.advance(10s);
  EXPECT_EQ(take(), "b") << "also before anybody has passed over the queue";
  const auto over = queue_.pass(clock_.now().mono);
  ASSERT_EQ(over.ended.size(), 1U);
  EXPECT_EQ(over.ended[0].how, message_end::expired);
  EXPECT_EQ(over.ended[0].message.content.message_id, "a");
}

TEST_F(message_queue_test, a_locked_message_is_not_expired_before_its_lock_ends) {
  add("a", 10s);
  take();
  clock_.advance(30s);
  EXPECT_TRUE(queue_.pass(clock_.now().mono).ended.empty());
  EXPECT_EQ(settle(settlement::complete).ended->how, message_end::completed);
  add("b", 10s);
  take();
  clock_.advance(60s);
  const auto over = queue_.pass(clock_.now().mono);
  EXPECT_EQ(over.locks_expired, 1U);
  ASSERT_EQ(over.ended.size(), 1U);
}

TEST_F(message_queue_test, released_messages_come_again_in_their_order_and_count_for_nothing) {
  for (const auto* id : {"a", "b", "c"})
    add(id);
  take();
  take();
  EXPECT_EQ(queue_.release_all(), 2U);
  EXPECT_EQ(take(), "a");
  EXPECT_EQ(queue_.messages().front().delivery_count, 0U);
  queue_.release(last_);
  EXPECT_EQ(take(), "a");
  EXPECT_EQ(take(), "b");
}

TEST_F(message_queue_test, a_purge_ends_all_of_them_and_their_locks) {
  add("a");
  add("b");
  take();
  const auto purged = queue_.purge();
  ASSERT_EQ(purged.size(), 2U);
  EXPECT_EQ(purged[0].how, message_end::purged);
  EXPECT_TRUE(settle(settlement::complete).lock_lost);
}

TEST_F(message_queue_test, what_is_held_back_holds_back_what_came_after_it) {
  add("a", 1h, 5s);
  add("b");
  EXPECT_EQ(take(), "");
  EXPECT_EQ(queue_.next_due(clock_.now().mono), clock_.now().mono + 5s);
  clock_.advance(5s);
  EXPECT_EQ(take(), "a");
  EXPECT_EQ(take(), "b");
}

TEST(ack_mode, has_four_words) {
  EXPECT_EQ(parse_ack_mode("none"), ack_mode::none);
  EXPECT_EQ(parse_ack_mode("positive"), ack_mode::positive);
  EXPECT_EQ(parse_ack_mode("negative"), ack_mode::negative);
  EXPECT_EQ(parse_ack_mode("full"), ack_mode::full);
  EXPECT_FALSE(parse_ack_mode("Full"));
  EXPECT_EQ(to_string(ack_mode::negative), "negative");
}

} // namespace
} // namespace causeway::emulator
