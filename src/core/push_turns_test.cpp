// SPDX-License-Identifier: Apache-2.0
#include "core/push_turns.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace causeway::core {
namespace {

using namespace std::chrono_literals;

constexpr auto dev_1 = device_ref{1}, dev_2 = device_ref{2}, dev_3 = device_ref{3};

// Many a second, so that pace is out of the way.
budget_options fast() {
  budget_options made;
  made.ceiling = 100'000;
  made.burst = 100'000;
  return made;
}

struct push_turns_test : ::testing::Test {
  manual_clock clock;
  push_turns turns{{8, 11s, fast()}};

  mono_time now() const { return clock.now().mono; }
  void enter(device_ref device, const std::string& id, std::uint32_t lane = 0, bool alone = false) {
    turns.enter({command_id{id}, device, lane, alone, false, alone}, now());
  }
  // The ids of all that may go now.
  std::string go() {
    std::string ids;
    while (const auto entry = turns.next(now()))
      ids += (ids.empty() ? "" : " ") + entry->id.str();
    return ids;
  }
  void answer(device_ref device, bool taken = true) { turns.on_answer(device, taken, now()); }
};

TEST_F(push_turns_test, of_one_device_go_one_at_a_time_in_the_order_stored) {
  for (const auto* id : {"a", "b", "c"})
    enter(dev_1, id);
  EXPECT_EQ(go(), "a");
  answer(dev_1);
  EXPECT_EQ(go(), "b");
  answer(dev_1, false); // refused: the next goes on
  EXPECT_EQ(go(), "c");
  answer(dev_1);
  EXPECT_EQ(go(), "");
  EXPECT_EQ(turns.devices(), 0U);
  EXPECT_EQ(turns.deadline(now()), std::nullopt);
}

TEST_F(push_turns_test, what_enters_first_goes_before_all_that_waits_but_not_during_a_push) {
  enter(dev_1, "a", 0, true);
  enter(dev_1, "b", 0, true); // until the end of a
  EXPECT_EQ(go(), "a");
  turns.enter_first({command_id{"c"}, dev_1}, now());
  EXPECT_EQ(go(), "") << "a is under way";
  answer(dev_1);
  EXPECT_EQ(go(), "c") << "b waits still";
  answer(dev_1);
  EXPECT_EQ(go(), "");
  turns.on_ended(dev_1, command_id{"a"}, now());
  EXPECT_EQ(go(), "b");
}

TEST_F(push_turns_test, what_enters_first_waits_as_long_after_a_push_without_an_answer_as_any) {
  enter(dev_1, "a");
  EXPECT_EQ(go(), "a");
  turns.on_unanswered(dev_1, now());
  turns.enter_first({command_id{"c"}, dev_1}, now());
  turns.on_known(dev_1, true, now());
  EXPECT_EQ(go(), "");
  clock.advance(11s);
  EXPECT_EQ(go(), "c");
}

TEST_F(push_turns_test, of_all_devices_are_eight_under_way_and_no_more) {
  for (std::uint32_t i = 0; i < 20; ++i)
    enter(device_ref{i}, std::to_string(i), i % 3);
  const auto first = go();
  EXPECT_EQ(std::count(first.begin(), first.end(), ' '), 7);
  EXPECT_EQ(turns.under_way(), 8U);
  EXPECT_EQ(go(), "");
  EXPECT_EQ(turns.deadline(now()), std::nullopt);
  answer(dev_1);
  EXPECT_EQ(turns.under_way(), 7U);
  EXPECT_NE(turns.deadline(now()), std::nullopt);
  EXPECT_NE(go(), "");
  EXPECT_EQ(turns.under_way(), 8U);
}

TEST_F(push_turns_test, alternate_among_applications_and_among_the_devices_of_one) {
  for (int i = 0; i < 100; ++i)
    enter(dev_1, "many" + std::to_string(i), 1);
  enter(dev_2, "two", 1);
  enter(dev_3, "three", 2);
  push_turns one_at_a_time{{1, 11s, fast()}};
  for (int i = 0; i < 100; ++i)
    one_at_a_time.enter({command_id{"many" + std::to_string(i)}, dev_1, 1}, now());
  one_at_a_time.enter({command_id{"two"}, dev_2, 1}, now());
  one_at_a_time.enter({command_id{"three"}, dev_3, 2}, now());
  one_at_a_time.enter({command_id{"third"}, dev_3, 2}, now());
  std::string order;
  for (int i = 0; i < 6; ++i) {
    const auto entry = one_at_a_time.next(now());
    ASSERT_TRUE(entry);
    order += entry->id.str() + " ";
    one_at_a_time.on_answer(entry->device, true, now());
  }
  EXPECT_EQ(order, "many0 three two third many1 many2 ");
  EXPECT_EQ(go(), "many0 three two");
}

TEST_F(push_turns_test, of_an_application_keep_to_its_budget_and_leave_others_theirs) {
  budget_options slow;
  slow.ceiling = 2;
  slow.window = 1s;
  slow.burst = 1;
  push_turns paced{{8, 11s, slow}};
  for (std::uint32_t i = 0; i < 10; ++i)
    paced.enter({command_id{"a" + std::to_string(i)}, device_ref{i}, 1}, now());
  paced.enter({command_id{"b"}, device_ref{50}, 2}, now());
  std::map<std::uint32_t, int> sent;
  const auto begun = now();
  const auto send_all = [&] {
    while (const auto entry = paced.next(now())) {
      ++sent[entry->lane];
      paced.on_answer(entry->device, true, now());
    }
  };
  send_all();
  EXPECT_EQ(sent[1], 1);
  EXPECT_EQ(sent[2], 1);
  while (sent[1] < 10 && now() < begun + 20s) {
    const auto due = paced.deadline(now());
    ASSERT_TRUE(due);
    clock.advance(std::max<std::chrono::nanoseconds>(*due - now(), 1ms));
    send_all();
    EXPECT_LE(sent[1], 1 + (now() - begun) / 500ms);
  }
  EXPECT_EQ(sent[1], 10);
  EXPECT_LE(now() - begun, 5s);
}

TEST_F(push_turns_test, of_a_device_rest_eleven_seconds_after_one_without_an_answer) {
  enter(dev_1, "a");
  enter(dev_1, "b");
  enter(dev_2, "other");
  EXPECT_EQ(go(), "a other");
  clock.advance(30s);
  turns.on_unanswered(dev_1, now());
  EXPECT_EQ(turns.under_way(), 1U);
  EXPECT_EQ(go(), "");
  turns.on_known(dev_1, true, now()); // at once: it stands in the queue
  EXPECT_EQ(go(), "");
  EXPECT_EQ(turns.deadline(now()), now() + 11s);
  clock.advance(11s - 1ns);
  EXPECT_EQ(go(), "");
  clock.advance(1ns);
  EXPECT_EQ(go(), "b");
}

TEST_F(push_turns_test, of_a_device_wait_until_it_is_known_what_became_of_the_last) {
  enter(dev_1, "a");
  enter(dev_1, "b");
  EXPECT_EQ(go(), "a");
  turns.on_unanswered(dev_1, now());
  clock.advance(1h);
  EXPECT_EQ(go(), "");
  EXPECT_EQ(turns.deadline(now()), std::nullopt);
  turns.on_known(dev_1, true, now());
  EXPECT_EQ(go(), "b");
}

TEST_F(push_turns_test, that_never_arrived_go_again_before_those_behind_them) {
  enter(dev_1, "a");
  enter(dev_1, "b");
  EXPECT_EQ(go(), "a");
  turns.on_unanswered(dev_1, now());
  clock.advance(11s);
  turns.on_known(dev_1, false, now());
  EXPECT_EQ(go(), "a");
  answer(dev_1);
  EXPECT_EQ(go(), "b");
}

TEST_F(push_turns_test, that_never_arrive_are_repeated_more_and_more_slowly) {
  enter(dev_1, "a");
  std::vector<seconds> pauses;
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(go(), "a");
    turns.on_unanswered(dev_1, now());
    clock.advance(11s);
    turns.on_known(dev_1, false, now());
    const auto due = turns.deadline(now());
    ASSERT_TRUE(due);
    const auto pause = std::max<std::chrono::nanoseconds>(*due - now(), 0ns);
    pauses.push_back(std::chrono::duration_cast<seconds>(pause));
    clock.advance(pause);
  }
  EXPECT_EQ(pauses, (std::vector<seconds>{0s, 11s, 22s, 44s, 88s, 176s, 352s, 600s, 600s, 600s}));
  // What comes behind it begins anew.
  EXPECT_EQ(go(), "a");
  answer(dev_1);
  enter(dev_1, "b");
  EXPECT_EQ(go(), "b");
  turns.on_unanswered(dev_1, now());
  clock.advance(11s);
  turns.on_known(dev_1, false, now());
  EXPECT_EQ(go(), "b");
}

TEST_F(push_turns_test, that_have_arrived_after_all_leave_the_next_none_of_their_pauses) {
  enter(dev_1, "a");
  enter(dev_1, "b");
  const auto in_vain = [&](const char* id, bool arrived) {
    EXPECT_EQ(go(), id);
    turns.on_unanswered(dev_1, now());
    clock.advance(11s);
    turns.on_known(dev_1, arrived, now());
  };
  in_vain("a", false);
  in_vain("a", true);
  in_vain("b", false);
  EXPECT_EQ(go(), "b");
}

TEST_F(push_turns_test, that_were_not_made_keep_their_place_and_leave_the_stack_alone_for_a_while) {
  enter(dev_1, "a");
  enter(dev_1, "b");
  enter(dev_2, "c");
  EXPECT_EQ(go(), "a c");
  turns.on_not_made(dev_1, now());
  turns.on_not_made(dev_2, now()); // of the same moment: counts once
  EXPECT_EQ(go(), "");
  EXPECT_EQ(turns.deadline(now()), now() + 500ms);
  clock.advance(500ms);
  EXPECT_EQ(go(), "a c");
  turns.on_not_made(dev_1, now());
  EXPECT_EQ(turns.deadline(now()), now() + 1s);
  clock.advance(1s);
  answer(dev_2); // it is back
  EXPECT_EQ(go(), "a");
  turns.on_not_made(dev_1, now());
  EXPECT_EQ(turns.deadline(now()), now() + 500ms);
}

TEST_F(push_turns_test, that_come_too_fast_hold_their_application_alone) {
  enter(dev_1, "a", 1);
  enter(dev_1, "b", 1);
  enter(dev_2, "c", 1);
  EXPECT_EQ(go(), "a c");
  turns.on_later(dev_1, 3s, now());
  answer(dev_2);
  enter(dev_2, "d", 1);
  enter(dev_3, "e", 2);
  EXPECT_EQ(go(), "e");
  EXPECT_EQ(turns.deadline(now()), now() + 3s);
  clock.advance(3s);
  EXPECT_EQ(go(), "a d");
}

TEST_F(push_turns_test, wait_where_the_stack_has_said_that_its_limit_is_near) {
  enter(dev_1, "a", 1);
  EXPECT_EQ(go(), "a");
  answer(dev_1);
  turns.hold(1, now() + 2s);
  enter(dev_1, "b", 1);
  enter(dev_2, "c", 2);
  EXPECT_EQ(go(), "c");
  clock.advance(2s);
  EXPECT_EQ(go(), "b");
}

TEST_F(push_turns_test, that_go_alone_wait_for_the_end_of_the_one_before) {
  enter(dev_1, "open", 0, true);
  enter(dev_1, "close", 0, true);
  EXPECT_EQ(go(), "open");
  answer(dev_1);
  clock.advance(24h);
  EXPECT_EQ(go(), "");
  EXPECT_EQ(turns.deadline(now()), std::nullopt);
  turns.on_ended(dev_1, command_id{"another"}, now());
  EXPECT_EQ(go(), "");
  turns.on_ended(dev_1, command_id{"open"}, now());
  EXPECT_EQ(go(), "close");
}

TEST_F(push_turns_test, that_wait_to_go_alone_are_overtaken_by_nothing) {
  turns.set_open(dev_1, command_id{"before"});
  enter(dev_1, "open", 0, true);
  enter(dev_1, "close"); // unconfirmed
  EXPECT_EQ(turns.deadline(now()), std::nullopt);
  EXPECT_EQ(go(), "");
  turns.on_ended(dev_1, command_id{"before"}, now());
  EXPECT_EQ(go(), "open");
  answer(dev_1);
  EXPECT_EQ(go(), "close");
}

TEST_F(push_turns_test, that_only_wait_for_the_end_of_the_one_before_are_waited_for_by_nobody) {
  enter(dev_1, "open", 0, true);
  turns.enter({.id = command_id{"close"}, .device = dev_1, .waits = true}, now());
  enter(dev_1, "open again", 0, true);
  EXPECT_EQ(go(), "open");
  answer(dev_1);
  EXPECT_EQ(go(), "");
  turns.on_ended(dev_1, command_id{"open"}, now());
  EXPECT_EQ(go(), "close");
  answer(dev_1);
  EXPECT_EQ(go(), "open again");
}

TEST_F(push_turns_test, that_go_alone_and_are_refused_leave_the_next_its_turn) {
  enter(dev_1, "open", 0, true);
  enter(dev_1, "close", 0, true);
  EXPECT_EQ(go(), "open");
  answer(dev_1, false);
  EXPECT_EQ(go(), "close");
}

TEST_F(push_turns_test, that_go_alone_may_have_their_end_before_their_answer) {
  enter(dev_1, "open", 0, true);
  enter(dev_1, "close", 0, true);
  EXPECT_EQ(go(), "open");
  turns.on_ended(dev_1, command_id{"open"}, now());
  EXPECT_EQ(go(), ""); // it is still under way to the stack
  answer(dev_1);
  EXPECT_EQ(go(), "close");
}

TEST_F(push_turns_test, that_go_alone_and_never_arrived_go_again) {
  enter(dev_1, "open", 0, true);
  EXPECT_EQ(go(), "open");
  turns.on_unanswered(dev_1, now());
  clock.advance(11s);
  turns.on_known(dev_1, false, now());
  EXPECT_EQ(go(), "open");
  turns.on_unanswered(dev_1, now());
  clock.advance(11s);
  turns.on_known(dev_1, true, now());
  enter(dev_1, "close", 0, true);
  EXPECT_EQ(go(), ""); // nobody knows whether the first is on its way
}

TEST_F(push_turns_test, that_leave_free_the_line_behind_them) {
  turns.set_open(dev_1, command_id{"before"});
  enter(dev_1, "open", 0, true);
  enter(dev_1, "close");
  EXPECT_EQ(go(), "");
  EXPECT_TRUE(turns.leave(dev_1, command_id{"open"}, now()));
  EXPECT_EQ(go(), "close");
  EXPECT_FALSE(turns.leave(dev_1, command_id{"close"}, now())); // it is under way
  EXPECT_FALSE(turns.leave(dev_2, command_id{"close"}, now()));
}

TEST_F(push_turns_test, that_leave_before_their_turn_are_not_sent_and_cost_nothing) {
  enter(dev_1, "a");
  enter(dev_2, "b");
  EXPECT_TRUE(turns.leave(dev_1, command_id{"a"}, now()));
  EXPECT_EQ(go(), "b");
  answer(dev_2);
  EXPECT_EQ(turns.devices(), 0U);
}

TEST_F(push_turns_test, of_a_device_that_has_rested_cost_nothing_afterwards) {
  enter(dev_1, "a");
  EXPECT_EQ(go(), "a");
  turns.on_unanswered(dev_1, now());
  turns.on_known(dev_1, true, now());
  EXPECT_EQ(turns.devices(), 1U);
  clock.advance(11s);
  EXPECT_EQ(go(), "");
  EXPECT_EQ(turns.devices(), 0U);
}

} // namespace
} // namespace causeway::core
