// SPDX-License-Identifier: Apache-2.0
#include "core/push_inquiry.h"

#include "core/inquiry_scene.h"

#include <gtest/gtest.h>

namespace causeway::core {
namespace {

using namespace std::chrono_literals;

std::int64_t nanoseconds_of(wall_time at) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(at.time_since_epoch()).count();
}

struct push_inquiry_test : ::testing::Test, testing::inquiry_scene {
  mono_time began = now(), ended = (clock.advance(30s), now());
  wall_time pushed_at = clock.now().wall - 30s; // the stack's clock is ours, unless a test says otherwise
  push_inquiry asked{id, {began, ended}};

  // One look at this time.
  std::optional<push_finding> look(const queue_reading& queue, record_reading record) {
    EXPECT_EQ(asked.next(now()), read_errand::queue);
    if (const auto found = asked.on_queue(queue, now())) return found;
    EXPECT_EQ(asked.next(now()), read_errand::record);
    return asked.on_record(std::move(record), now());
  }
  record_reading record_with_uplink(wall_time at) {
    auto made = record();
    made.what.newest_uplink = made.what.last_uplink = nanoseconds_of(at);
    return made;
  }
  // The newest uplink had come in before the push, this long after its time by the network server's clock.
  void knows(wall_time uplink, std::chrono::nanoseconds before_the_push) {
    const auto at = nanoseconds_of(uplink);
    asked = push_inquiry{id, {began, ended, known_uplink{at, at + before_the_push.count()}}};
  }
  // What a look says that is taken when nothing can come any more.
  std::optional<push_finding> look_when_over(record_reading record) {
    clock.advance(11s);
    if (record.stack_time) record.stack_time = clock.now().wall;
    return look(empty_queue(), std::move(record));
  }
};

TEST_F(push_inquiry_test, asks_the_queue_first_and_then_the_record_one_at_a_time) {
  EXPECT_EQ(asked.deadline(), ended);
  EXPECT_EQ(asked.next(now()), read_errand::queue);
  EXPECT_EQ(asked.next(now()), read_errand::none);
  EXPECT_EQ(asked.deadline(), std::nullopt);
  EXPECT_EQ(asked.on_queue(empty_queue(), now()), std::nullopt);
  EXPECT_EQ(asked.next(now()), read_errand::record);
  EXPECT_EQ(asked.next(now()), read_errand::none);
}

TEST_F(push_inquiry_test, finds_what_stands_in_the_queue_at_once) {
  EXPECT_EQ(asked.next(now()), read_errand::queue);
  EXPECT_EQ(asked.on_queue(queue(ours), now()), push_finding::queued);
  EXPECT_EQ(asked.deadline(), std::nullopt);
}

TEST_F(push_inquiry_test, finds_what_is_scheduled_at_once) {
  auto last = record();
  last.what.last_downlink = ours;
  EXPECT_EQ(look(empty_queue(), last), push_finding::scheduled);
}

TEST_F(push_inquiry_test, finds_what_waits_for_its_ack_at_once) {
  auto waits = record();
  waits.what.pending = ours;
  EXPECT_EQ(look(empty_queue(), waits), push_finding::scheduled);
}

TEST_F(push_inquiry_test, takes_no_other_item_for_its_own) {
  auto last = record();
  last.what.last_downlink = others;
  last.what.pending = others;
  EXPECT_EQ(look(queue(others), last), std::nullopt);
}

TEST_F(push_inquiry_test, believes_no_absence_before_eleven_seconds_after_the_end) {
  EXPECT_EQ(look(empty_queue(), record()), std::nullopt);
  EXPECT_EQ(asked.deadline(), ended + 11s);
  clock.advance(11s - 1ns);
  EXPECT_EQ(asked.next(now()), read_errand::none);
  clock.advance(1ns);
  EXPECT_EQ(look(empty_queue(), record()), push_finding::never_arrived);
}

TEST_F(push_inquiry_test, believes_no_absence_that_was_asked_for_too_early_and_answered_late) {
  EXPECT_EQ(asked.next(now()), read_errand::queue);
  clock.advance(12s);
  EXPECT_EQ(asked.on_queue(empty_queue(), now()), std::nullopt);
  EXPECT_EQ(asked.next(now()), read_errand::record);
  EXPECT_EQ(asked.on_record(record(), now()), std::nullopt);
  EXPECT_EQ(look(empty_queue(), record()), push_finding::never_arrived);
}

TEST_F(push_inquiry_test, proves_nothing_for_a_device_that_is_not_of_class_a) {
  auto class_c = record();
  class_c.what.class_a = false;
  EXPECT_EQ(look_when_over(class_c), push_finding::in_doubt);
}

TEST_F(push_inquiry_test, proves_it_by_an_uplink_older_than_the_push_by_a_minute) {
  EXPECT_EQ(look_when_over(record_with_uplink(pushed_at - 60s - 1ns)), push_finding::never_arrived);
}

TEST_F(push_inquiry_test, proves_nothing_where_the_device_may_have_been_answered) {
  EXPECT_EQ(look_when_over(record_with_uplink(pushed_at - 60s)), push_finding::in_doubt);
}

TEST_F(push_inquiry_test, compares_the_uplink_with_the_push_by_the_stacks_clock) {
  auto ahead = record_with_uplink(pushed_at + 5h - 61s);
  clock.advance(11s);
  ahead.stack_time = clock.now().wall + 5h;
  EXPECT_EQ(look(empty_queue(), ahead), push_finding::never_arrived);
}

TEST_F(push_inquiry_test, proves_nothing_by_a_clock_of_the_stack_that_is_behind) {
  auto behind = record_with_uplink(pushed_at - 61s);
  clock.advance(11s);
  behind.stack_time = clock.now().wall - 5h;
  EXPECT_EQ(look(empty_queue(), behind), push_finding::in_doubt);
}

TEST_F(push_inquiry_test, proves_nothing_by_an_uplink_where_the_stack_tells_no_time) {
  auto timeless = record_with_uplink(pushed_at - 1h);
  timeless.stack_time.reset();
  EXPECT_EQ(look_when_over(timeless), push_finding::in_doubt);
}

// Its uplinks, and what one of them may have fetched, went with the one before.
TEST_F(push_inquiry_test, proves_nothing_by_the_record_of_a_device_that_was_made_again) {
  auto anew = record();
  anew.what.created_at = nanoseconds_of(pushed_at + 1s);
  EXPECT_EQ(look_when_over(anew), push_finding::in_doubt);
}

TEST_F(push_inquiry_test, proves_it_by_a_record_older_than_the_push_by_a_minute) {
  auto made = record();
  made.what.created_at = nanoseconds_of(pushed_at - 60s);
  auto other = asked;
  EXPECT_EQ(look_when_over(made), push_finding::in_doubt);
  asked = other;
  made.what.created_at = nanoseconds_of(pushed_at - 60s - 1ns);
  made.stack_time = clock.now().wall;
  EXPECT_EQ(look(empty_queue(), made), push_finding::never_arrived);
}

TEST_F(push_inquiry_test, compares_the_records_age_with_the_push_by_the_stacks_clock) {
  auto ahead = record();
  ahead.what.created_at = nanoseconds_of(pushed_at + 5h - 61s);
  clock.advance(11s);
  ahead.stack_time = clock.now().wall + 5h;
  EXPECT_EQ(look(empty_queue(), ahead), push_finding::never_arrived);
}

TEST_F(push_inquiry_test, proves_nothing_by_a_records_age_where_the_stack_tells_no_time) {
  auto timeless = record();
  timeless.stack_time.reset();
  EXPECT_EQ(look_when_over(timeless), push_finding::in_doubt);
}

TEST_F(push_inquiry_test, proves_nothing_of_a_push_whose_beginning_is_not_known) {
  push_inquiry after_restart{id, {{}, ended}};
  asked = after_restart;
  EXPECT_EQ(look_when_over(record()), push_finding::in_doubt);
}

// From here on: an uplink is known that had come in before the push.
TEST_F(push_inquiry_test, proves_it_by_the_uplink_that_is_known_without_any_clock) {
  const auto uplink = pushed_at - 5s;
  knows(uplink, 5s);
  const auto fresh = asked;
  EXPECT_EQ(look_when_over(record_with_uplink(uplink)), push_finding::never_arrived);
  asked = push_inquiry{id, {{}, ended, known_uplink{nanoseconds_of(uplink), nanoseconds_of(uplink)}}};
  auto timeless = record_with_uplink(uplink);
  timeless.stack_time.reset();
  EXPECT_EQ(look(empty_queue(), timeless), push_finding::never_arrived)
      << "neither the beginning nor the stack's clock";
  asked = fresh;
  EXPECT_EQ(look(empty_queue(), record_with_uplink(uplink + 1ns)), push_finding::in_doubt);
  asked = fresh;
  EXPECT_EQ(look(empty_queue(), record_with_uplink(uplink - 1ns)), push_finding::in_doubt);
}

TEST_F(push_inquiry_test, proves_it_no_sooner_than_nothing_can_come_any_more) {
  knows(pushed_at - 5s, 5s);
  EXPECT_EQ(look(empty_queue(), record_with_uplink(pushed_at - 5s)), std::nullopt);
  EXPECT_EQ(asked.deadline(), ended + 11s);
}

TEST_F(push_inquiry_test, proves_nothing_by_the_known_uplink_of_a_device_that_is_not_of_class_a) {
  knows(pushed_at - 1h, 1h);
  auto class_c = record_with_uplink(pushed_at - 1h);
  class_c.what.class_a = false;
  EXPECT_EQ(look_when_over(class_c), push_finding::in_doubt);
}

TEST_F(push_inquiry_test, proves_nothing_by_the_known_uplink_where_the_queue_may_not_be_read) {
  knows(pushed_at - 1h, 1h);
  clock.advance(11s);
  EXPECT_EQ(look({read_end::refused, {}}, record_with_uplink(pushed_at - 1h)), push_finding::in_doubt);
}

// A join request fetches no item: those of the session before stay in the queue.
TEST_F(push_inquiry_test, proves_it_by_the_known_uplink_of_a_device_that_has_joined_since) {
  knows(pushed_at - 5s, 5s);
  auto joined = record_with_uplink(pushed_at - 5s);
  joined.what.newest_uplink = nanoseconds_of(pushed_at + 20s);
  EXPECT_EQ(look_when_over(joined), push_finding::never_arrived);
}

// Two network servers, or two frames of one packet: by its time the last one is older than the known one.
TEST_F(push_inquiry_test, proves_nothing_where_another_was_taken_up_behind_the_known_uplink) {
  knows(pushed_at - 1h, 1h);
  auto behind = record_with_uplink(pushed_at - 1h);
  behind.what.last_uplink = nanoseconds_of(pushed_at - 2h);
  EXPECT_EQ(look_when_over(behind), push_finding::in_doubt);
}

// The network server's clock is 5 min behind the stack's Date: by the latter the device was silent.
TEST_F(push_inquiry_test, believes_no_date_against_the_uplink_that_is_known) {
  knows(pushed_at - 5min - 10min, 10min);
  EXPECT_EQ(look_when_over(record_with_uplink(pushed_at - 5min + 2s)), push_finding::in_doubt);
}

// A repetition, or one whose webhook was lost: it lies before the push by either clock, and by a minute.
TEST_F(push_inquiry_test, proves_it_by_an_unknown_uplink_that_both_clocks_place_before_the_push) {
  knows(pushed_at - 10min, 10min);
  EXPECT_EQ(look_when_over(record_with_uplink(pushed_at - 60s - 1ns)), push_finding::never_arrived);
  knows(pushed_at - 10min, 10min - 1ns);
  EXPECT_EQ(look(empty_queue(), record_with_uplink(pushed_at - 60s - 1ns)), push_finding::in_doubt)
      << "not by the network server's";
  knows(pushed_at - 10min, 20min);
  EXPECT_EQ(look(empty_queue(), record_with_uplink(pushed_at - 60s)), push_finding::in_doubt)
      << "not by the stack's Date";
}

TEST_F(push_inquiry_test, proves_nothing_by_a_record_that_has_lost_the_known_uplink) {
  knows(pushed_at - 1h, 1h);
  EXPECT_EQ(look_when_over(record()), push_finding::in_doubt);
  knows(pushed_at - 1h, 1h);
  EXPECT_EQ(look(empty_queue(), record_with_uplink(pushed_at - 2h)), push_finding::in_doubt);
}

TEST_F(push_inquiry_test, takes_a_read_that_failed_for_no_look) {
  clock.advance(11s);
  EXPECT_EQ(asked.next(now()), read_errand::queue);
  EXPECT_EQ(asked.on_queue({read_end::failed, {}}, now()), std::nullopt);
  EXPECT_EQ(asked.next(now()), read_errand::none);
  EXPECT_EQ(asked.deadline(), now() + 1s);
  clock.advance(1s);
  // The queue once more, although it is the record that fails.
  EXPECT_EQ(look(empty_queue(), {}), std::nullopt);
  EXPECT_EQ(asked.deadline(), now() + 2s);
  clock.advance(2s);
  EXPECT_EQ(look(empty_queue(), record()), push_finding::never_arrived);
}

TEST_F(push_inquiry_test, asks_a_stack_that_fails_for_an_hour_each_minute_in_the_end) {
  int looks = 0;
  for (const auto end = now() + 1h; now() < end; clock.advance(1s))
    if (asked.next(now()) == read_errand::queue) {
      EXPECT_EQ(asked.on_queue({read_end::failed, {}}, now()), std::nullopt);
      ++looks;
    }
  EXPECT_GT(looks, 60);
  EXPECT_LT(looks, 70);
}

TEST_F(push_inquiry_test, sees_presence_by_the_read_that_is_allowed) {
  auto last = record();
  last.what.last_downlink = ours;
  EXPECT_EQ(look({read_end::refused, {}}, last), push_finding::scheduled);
}

TEST_F(push_inquiry_test, proves_nothing_by_absence_where_a_read_is_refused) {
  const queue_reading refused_queue{read_end::refused, {}};
  EXPECT_EQ(look(refused_queue, record()), std::nullopt);
  clock.advance(11s);
  EXPECT_EQ(look(refused_queue, record()), push_finding::in_doubt);
}

TEST_F(push_inquiry_test, proves_nothing_by_an_empty_queue_where_the_record_is_refused) {
  record_reading refused;
  refused.how = read_end::refused;
  EXPECT_EQ(look_when_over(refused), push_finding::in_doubt);
}

// It may have been made again, and what it was sent before is told by nothing any more.
TEST_F(push_inquiry_test, proves_nothing_by_a_device_that_is_deleted) {
  record_reading unknown;
  unknown.how = read_end::unknown;
  unknown.stack_time = clock.now().wall;
  EXPECT_EQ(look({read_end::unknown, {}}, unknown), std::nullopt);
  clock.advance(11s);
  EXPECT_EQ(look({read_end::unknown, {}}, unknown), push_finding::in_doubt);
}

TEST_F(push_inquiry_test, finds_in_the_second_look_what_the_first_has_not_shown) {
  EXPECT_EQ(look(empty_queue(), record()), std::nullopt);
  clock.advance(11s);
  EXPECT_EQ(look(queue(ours), {}), push_finding::queued);
}

} // namespace
} // namespace causeway::core
