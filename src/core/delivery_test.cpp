// SPDX-License-Identifier: Apache-2.0
#include "core/backlog.h"
#include "core/delivery.h"
#include "core/gates.h"
#include "core/organ_scene.h"
#include "core/spool_room.h"

#include <gtest/gtest.h>

namespace causeway::core {
namespace {

using testing::calls;
using testing::organ_scene;
using fate = delivery::fate;

struct delivering : organ_scene {
  timeline spans{clock.now()};
  gates held{{.many_devices = 2}, table, rules, [] { return 0.5; }};
  delivery out{{2, &spans}, rules, table, waiting, held, here, book, disk, hub, time, totals};
  device_ref online_one(const char* name) {
    const auto which = add_assigned(field, name);
    appear(which, device_state::known);
    move(which, device_event::wanted);
    out.came_online(which);
    move(which, device_event::attached);
    return which;
  }
};

TEST(delivery_alone, one_message_is_with_the_hub_at_a_time_and_the_oldest_first) {
  delivering f;
  const auto which = f.online_one("dev");
  f.wait(which, 1);
  f.wait(which, 2);
  f.out.pump(which, f.now());
  f.out.pump(which, f.now());
  EXPECT_EQ(f.take(), calls{"send 0 1 body"});
  EXPECT_EQ(f.out.on_outcome(which, 2, {}, f.now()), fate::foreign);
  EXPECT_EQ(f.out.on_outcome(which, 1, {}, f.now()), fate::accepted);
  f.out.pump(which, f.now());
  EXPECT_EQ(f.take(), (calls{"done 1", "send 0 2 body"}));
  EXPECT_EQ(f.waiting.account.total(), (amount{1, 10}));
  EXPECT_EQ(f.totals.sent, 1U);
}

TEST(delivery_alone, what_an_outcome_makes_of_the_message) {
  struct row {
    result<void> outcome;
    fate is;
    calls done;
    std::uint32_t waiting;
    std::uint64_t resent;
  };
  for (const auto& row :
       {row{{}, fate::accepted, {"done 1"}, 0, 0},
        row{error{errc::message_too_large}, fate::buried, {"dead_letter 1 message_too_large"}, 0, 0},
        row{error{errc::hub_throttled}, fate::kept, {}, 1, 1},
        row{error{errc::hub_refused}, fate::kept, {}, 1, 1}}) {
    delivering f;
    const auto which = f.online_one("dev");
    f.wait(which, 1);
    f.out.pump(which, f.now());
    f.take();
    EXPECT_EQ(f.out.on_outcome(which, 1, row.outcome, f.now()), row.is);
    EXPECT_EQ(f.take(), row.done);
    EXPECT_EQ(f.table.at(which).waiting, row.waiting);
    EXPECT_FALSE(f.table.at(which).in_flight);
    EXPECT_EQ(f.totals.resent, row.resent);
  }
}

TEST(delivery_alone, who_is_not_online_or_is_paused_sends_nothing) {
  delivering f;
  const auto which = f.online_one("dev");
  f.wait(which, 1);
  const error why{errc::hub_throttled};
  f.move(which, device_event::message_refused, &why);
  f.out.pump(which, f.now());
  f.move(which, device_event::interrupted, &why);
  f.out.pump(which, f.now());
  EXPECT_EQ(f.take(), calls{});
}

TEST(delivery_alone, bodies_are_read_back_a_batch_at_a_time_and_asked_for_once) {
  delivering f;
  std::vector<device_ref> all;
  for (const auto* name : {"a", "b", "c", "d"}) {
    all.push_back(f.online_one(name));
    f.wait(all.back(), all.size(), 10, false);
  }
  for (const auto which : all)
    f.out.pump(which, f.now());
  f.out.pump(all[0], f.now());
  ASSERT_EQ(f.ports.reads, (std::vector<std::vector<spool_seq>>{{1}}));
  f.take();
  EXPECT_TRUE(f.out.on_read_back({{1, {"", "", "", "one", {}}}}, {}, f.now()).empty());
  f.out.read_more();
  EXPECT_EQ(f.take(), (calls{"send 0 1 one", "read_back 2"}));
  EXPECT_EQ(f.ports.reads.back(), (std::vector<spool_seq>{2, 3}));
  // 2 is gone, 3 was left out.
  EXPECT_EQ(f.out.on_read_back({}, {2}, f.now()), (std::vector{all[1], all[2]}));
  EXPECT_EQ(f.table.at(all[1]).waiting, 0U);
  EXPECT_EQ(f.totals.dead_lettered, 1U);
  EXPECT_EQ(f.table.at(all[2]).waiting, 1U);
}

TEST(delivery_alone, what_is_with_the_hub_when_its_link_goes_is_the_oldest_again) {
  delivering f;
  const auto which = f.online_one("dev");
  f.wait(which, 1);
  f.out.pump(which, f.now());
  f.clock.advance(milliseconds{5});
  EXPECT_TRUE(f.out.recall(which, errc::connection_lost, f.now()));
  EXPECT_FALSE(f.out.recall(which, errc::connection_lost, f.now()));
  EXPECT_EQ(f.out.on_outcome(which, 1, {}, f.now()), fate::foreign);
  ASSERT_EQ(f.spans.noted(), 1U);
  EXPECT_EQ(f.spans.at(0).fault, errc::connection_lost);
  EXPECT_EQ(f.spans.at(0).duration, milliseconds{5});
}

TEST(delivery_alone, tells_of_messages_that_only_wait_for_their_turn) {
  delivering f;
  const auto which = f.online_one("dev");
  EXPECT_FALSE(f.out.is_sending(100));
  f.wait(which, 7);
  EXPECT_TRUE(f.out.is_sending(8));
  EXPECT_FALSE(f.out.is_sending(7)) << "it came later";
}

TEST(gates_alone, who_waits_at_a_closed_gate_is_held_once_and_goes_when_it_opens) {
  delivering f;
  const auto first = f.online_one("a"), second = f.online_one("b"), third = f.online_one("c");
  const error why{errc::hub_refused};
  EXPECT_FALSE(f.held.on_refused(first, 1, why, 3, f.now()));
  EXPECT_FALSE(f.held.on_refused(second, 2, why, 3, f.now())); // many_devices: it closes
  EXPECT_EQ(f.held.closed(), 1U);
  EXPECT_EQ(f.held.deadline(), std::nullopt) << "nobody waits";
  EXPECT_FALSE(f.held.lets(third, f.now()));
  EXPECT_FALSE(f.held.lets(third, f.now()));
  EXPECT_TRUE(f.table.at(third).gated);
  ASSERT_TRUE(f.held.deadline());
  f.clock.advance(seconds{60});
  const auto due = f.held.due(f.now());
  ASSERT_EQ(due.size(), 1U);
  const auto waiting = f.held.take_held(due[0]);
  EXPECT_EQ(waiting, std::deque{third});
  f.held.hold_again(due[0], waiting);
  f.held.on_accepted(first);
  EXPECT_EQ(f.held.closed(), 0U);
  EXPECT_TRUE(f.held.has_released());
  EXPECT_EQ(f.held.take_released(10), std::vector{third});
  EXPECT_FALSE(f.table.at(third).gated);
  EXPECT_TRUE(f.held.lets(third, f.now()));
}

TEST(gates_alone, who_was_held_first_stays_before_those_who_came_meanwhile) {
  delivering f;
  const auto first = f.online_one("a"), second = f.online_one("b"), third = f.online_one("c");
  const error why{errc::hub_refused};
  f.held.on_refused(first, 1, why, 3, f.now());
  f.held.on_refused(second, 2, why, 3, f.now());
  EXPECT_FALSE(f.held.lets(first, f.now()));
  const gates::place at{f.table.at(first).hub, f.field};
  const auto waiting = f.held.take_held(at);
  EXPECT_FALSE(f.held.lets(third, f.now()));
  f.held.hold_again(at, waiting);
  EXPECT_EQ(f.held.take_held(at), (std::deque{first, third}));
}

} // namespace
} // namespace causeway::core
