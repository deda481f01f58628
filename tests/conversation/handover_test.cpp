// SPDX-License-Identifier: Apache-2.0
// A shard goes from one gateway to another, at any point of a conversation: asked to, taken for dead, or
// dead.
#include "conversation/cluster_world.h"

#include <gtest/gtest.h>

namespace causeway::conversation {
namespace {

using namespace std::chrono_literals;
using model::shard_number;

constexpr std::size_t points = 50;
constexpr int rounds = 2;
constexpr shard_number first_shard{};

// All shards are the first gateway's at the beginning, and the second one has none.
void begin(cluster_world& w) {
  for (const auto shard : w.all_shards())
    w.adopt(0, shard);
}

void converse(cluster_world& w) {
  for (int round = 0; round < rounds; ++round)
    w.post_round();
}

std::map<shard_number, cluster_world::process_number>
owned_by(const cluster_world& w, const std::vector<shard_number>& moved, cluster_world::process_number now) {
  std::map<shard_number, cluster_world::process_number> owners;
  for (const auto shard : w.all_shards())
    owners[shard] = 0;
  for (const auto shard : moved)
    owners[shard] = now;
  return owners;
}

std::size_t devices_in(const cluster_world& w, const std::vector<shard_number>& shards) {
  std::size_t sum = 0;
  for (const auto shard : shards)
    sum += w.devices_of(shard).size();
  return sum;
}

class handover : public ::testing::TestWithParam<bool> {
protected:
  static std::vector<shard_number> moved(const cluster_world& w) {
    return GetParam() ? w.all_shards() : std::vector{first_shard};
  }
  // How many steps there are when nothing is moved.
  static std::size_t steps_of_conversation() {
    cluster_world w;
    begin(w);
    converse(w);
    EXPECT_TRUE(w.run_until_delivered(10s));
    w.expect_all_delivered(owned_by(w, {}, 0));
    EXPECT_EQ(w.arrivals.totals().duplicates, 0u);
    EXPECT_EQ(w.hub.totals().links_stolen, 0u);
    EXPECT_EQ(w.journal.dropped(), 0u);
    for (const auto shard : w.all_shards())
      EXPECT_FALSE(w.devices_of(shard).empty());
    return w.steps();
  }
  // One conversation for each point; what happens there, and what is so at the end.
  template <class Happen, class Expect>
  static void at_each_point(Happen happen, Expect expect) {
    const auto steps = steps_of_conversation();
    for (std::size_t point = 0; point < points && !HasFailure(); ++point) {
      const auto step = steps * point / points;
      SCOPED_TRACE("at step " + std::to_string(step) + " of " + std::to_string(steps));
      cluster_world w;
      begin(w);
      w.at_step(step, [&] { happen(w, point); });
      converse(w);
      ASSERT_TRUE(w.run_until_delivered(1min));
      // What is left to attach has nothing to send, and nobody waits for it.
      w.run_for(2s);
      expect(w, point);
    }
  }
};

INSTANTIATE_TEST_SUITE_P(of, handover, ::testing::Bool(),
                         [](const auto& all) { return all.param ? "all_shards" : "one_shard"; });

TEST_P(handover, that_is_planned_loses_repeats_and_steals_nothing) {
  at_each_point(
      [](cluster_world& w, std::size_t) {
        for (const auto shard : moved(w))
          w.move(shard, 0, 1);
      },
      [](cluster_world& w, std::size_t) {
        w.expect_all_delivered(owned_by(w, moved(w), 1));
        EXPECT_EQ(w.arrivals.totals().duplicates, 0u);
        EXPECT_EQ(w.hub.totals().links_stolen, 0u);
        EXPECT_EQ(w.journal.dropped(), 0u);
      });
}

// The shard is asked back in the moment in which it has come, while nothing of it is attached yet.
TEST_P(handover, there_and_back_loses_repeats_and_steals_nothing) {
  std::function<void(cluster_world&)> back = [&back](cluster_world& w) {
    if (w.is_under_way()) return w.after(1ms, [&w, &back] { back(w); });
    for (const auto shard : moved(w))
      w.move(shard, 1, 0);
  };
  at_each_point(
      [&back](cluster_world& w, std::size_t point) {
        for (const auto shard : moved(w))
          w.move(shard, 0, 1);
        // Or after a while, when some of them are.
        w.after(milliseconds{point % 10 * 2}, [&w, &back] { back(w); });
      },
      [](cluster_world& w, std::size_t) {
        w.expect_all_delivered(owned_by(w, moved(w), 0));
        EXPECT_EQ(w.arrivals.totals().duplicates, 0u);
        EXPECT_EQ(w.hub.totals().links_stolen, 0u);
        EXPECT_EQ(w.journal.dropped(), 0u);
      });
}

// How the former owner is when its shards are another's.
enum class former { unaware, frozen_and_knows, frozen_and_believes };

template <former Is>
void take_over(cluster_world& w, const std::vector<shard_number>& shards,
               std::map<shard_number, std::size_t>& sent_when_fenced) {
  const auto adopt = [&w, shards] {
    for (const auto shard : shards) {
      w.take_away(shard);
      w.adopt(1, shard);
    }
  };
  const auto fence = [&w, shards, &sent_when_fenced] {
    for (const auto shard : shards) {
      w.fence(0, shard);
      sent_when_fenced[shard] = w.arrived_through(0, shard);
    }
  };
  if constexpr (Is == former::unaware) {
    adopt();
    w.after(30ms, fence);
    return;
  }
  w.freeze(0, true);
  w.after(10ms, adopt);
  w.after(60ms, [&w, shards] {
    if constexpr (Is == former::frozen_and_knows)
      for (const auto shard : shards)
        w.stop_believing(0, shard);
    w.freeze(0, false);
  });
  w.after(65ms, fence);
}

template <former Is>
void expect_taken_over(cluster_world& w, const std::vector<shard_number>& shards,
                       const std::map<shard_number, std::size_t>& sent_when_fenced) {
  w.expect_all_delivered(owned_by(w, shards, 1), Is == former::unaware ? order::as_posted : order::promised);
  EXPECT_LE(w.hub.totals().links_stolen, devices_in(w, shards));
  for (const auto& [shard, sent] : sent_when_fenced)
    EXPECT_EQ(w.arrived_through(0, shard), sent) << "after it was fenced";
}

TEST_P(handover, from_one_that_does_not_know_it_loses_nothing_and_keeps_the_order) {
  std::map<shard_number, std::size_t> sent;
  std::uint64_t repeats = 0, stolen = 0, dropped = 0;
  at_each_point([&](cluster_world& w, std::size_t) { take_over<former::unaware>(w, moved(w), sent); },
                [&](cluster_world& w, std::size_t) {
                  expect_taken_over<former::unaware>(w, moved(w), sent);
                  repeats += w.arrivals.totals().duplicates;
                  stolen += w.hub.totals().links_stolen;
                  dropped += w.journal.dropped();
                });
  // Else it would not have been hit where it hurts.
  EXPECT_GT(repeats, 0u);
  EXPECT_GT(stolen, 0u);
  EXPECT_GT(dropped, 0u);
}

TEST_P(handover, from_one_that_stood_still_and_knows_it_as_it_wakes_loses_nothing) {
  std::map<shard_number, std::size_t> sent;
  at_each_point(
      [&](cluster_world& w, std::size_t) { take_over<former::frozen_and_knows>(w, moved(w), sent); },
      [&](cluster_world& w, std::size_t) { expect_taken_over<former::frozen_and_knows>(w, moved(w), sent); });
}

TEST_P(handover, from_one_that_stood_still_and_believes_itself_the_owner_loses_nothing) {
  std::map<shard_number, std::size_t> sent;
  at_each_point(
      [&](cluster_world& w, std::size_t) { take_over<former::frozen_and_believes>(w, moved(w), sent); },
      [&](cluster_world& w, std::size_t) {
        expect_taken_over<former::frozen_and_believes>(w, moved(w), sent);
      });
}

TEST(handover_of_the_dead, loses_nothing_that_was_acknowledged_and_steals_nothing) {
  std::size_t steps = 0;
  {
    cluster_world w;
    begin(w);
    converse(w);
    ASSERT_TRUE(w.run_until_delivered(10s));
    steps = w.steps();
  }
  std::uint64_t repeats = 0;
  for (std::size_t point = 0; point < points; ++point) {
    SCOPED_TRACE("at step " + std::to_string(steps * point / points) + " of " + std::to_string(steps));
    cluster_world w;
    begin(w);
    w.at_step(steps * point / points, [&] {
      w.kill(0, point % 2 == 0 ? cluster_world::death::before_commit : cluster_world::death::after_commit);
      w.after(10ms, [&] {
        for (const auto shard : w.all_shards())
          w.adopt(1, shard);
      });
    });
    converse(w);
    ASSERT_TRUE(w.run_until_delivered(1min));
    w.run_for(2s);
    w.expect_all_delivered(owned_by(w, w.all_shards(), 1));
    EXPECT_EQ(w.hub.totals().links_stolen, 0u);
    repeats += w.arrivals.totals().duplicates;
    if (::testing::Test::HasFailure()) return;
  }
  EXPECT_GT(repeats, 0u);
}

// What one process takes in and another one owns.

TEST(foreign_event, of_a_device_that_its_owner_has_never_met_is_delivered_by_the_owner) {
  cluster_world w;
  begin(w);
  w.stack.post(0, w.core(1));
  ASSERT_TRUE(w.run_until_delivered(10s));
  EXPECT_EQ(w.stack.stored(), 1u);
  EXPECT_EQ(w.stack.expect_arrived(w.arrivals).distinct, 1u);
  EXPECT_EQ(w.arrived_through(0, w.shard_of(0)), 1u);
  EXPECT_TRUE(w.core(0).status(key_of(0)));
  EXPECT_FALSE(w.core(1).status(key_of(0)));
  EXPECT_EQ(w.core(1).totals().waiting_messages, 0u);
  // Its record is there for the next owner, with all that the event has said of it.
  const auto image = w.journal.image_of(w.shard_of(0));
  ASSERT_EQ(image.devices.size(), 1u);
  EXPECT_EQ(image.devices[0].key, key_of(0));
  EXPECT_EQ(image.devices[0].dev_eui, dev_eui{"70B3D52DD6000000"});
  EXPECT_EQ(image.recent_keys.size(), 1u);
  EXPECT_EQ(w.journal.faults(), std::vector<std::string>{});
}

class foreign_copy : public ::testing::TestWithParam<int> {
protected:
  foreign_copy() {
    begin(w);
    w.around(0).messages = w.around(1).messages = GetParam();
  }
  // The second while the first is on its way.
  void post_twice(cluster_world::process_number first, cluster_world::process_number second) {
    w.stack.post(0, w.core(first));
    w.run_for(1ms);
    w.stack.post_again(0, w.core(second));
  }
  // Each message once, and nothing is left.
  void expect_once() {
    ASSERT_TRUE(w.run_until_delivered(10s));
    EXPECT_EQ(w.arrivals.totals().unique, static_cast<std::uint64_t>(GetParam()));
    EXPECT_EQ(w.arrivals.totals().duplicates, 0u);
    EXPECT_EQ(w.journal.waiting_rows(), 0u);
    EXPECT_EQ(w.journal.dropped(), 0u);
    EXPECT_EQ(w.journal.faults(), std::vector<std::string>{});
  }
  cluster_world w;
};

INSTANTIATE_TEST_SUITE_P(of_messages, foreign_copy, ::testing::Values(1, 2),
                         [](const auto& n) { return std::to_string(n.param); });

TEST_P(foreign_copy, of_what_the_owner_has_delivered_is_dropped_by_it) {
  w.stack.post(0, w.core(0));
  ASSERT_TRUE(w.run_until_delivered(10s));
  w.stack.post_again(0, w.core(1));
  w.run_for(10ms);
  EXPECT_EQ(w.stack.last_answer(), model::answer::stored);
  expect_once();
}

TEST_P(foreign_copy, of_what_waits_at_the_owner_is_dropped_by_it) {
  post_twice(0, 1);
  expect_once();
}

TEST_P(foreign_copy, of_what_another_one_took_is_dropped_by_the_owner) {
  post_twice(1, 1);
  expect_once();
}

// The owner knows nothing of the first yet as it takes the copy.
TEST_P(foreign_copy, that_the_owner_takes_while_the_first_is_on_its_way_is_dropped_by_it) {
  post_twice(1, 0);
  expect_once();
}

TEST_P(foreign_copy, that_the_owner_took_second_is_one_for_the_next_owner_too) {
  post_twice(1, 0);
  w.stack.post(0, w.core(0));
  w.move(w.shard_of(0), 0, 1);
  ASSERT_TRUE(w.run_until_delivered(10s));
  EXPECT_EQ(w.arrivals.totals().unique, static_cast<std::uint64_t>(2 * GetParam()));
  EXPECT_EQ(w.arrivals.totals().duplicates, 0u);
  EXPECT_EQ(w.arrivals.totals().out_of_order, 0u);
}

TEST_P(foreign_copy, is_still_one_when_the_shard_has_moved) {
  w.stack.post(0, w.core(0));
  ASSERT_TRUE(w.run_until_delivered(10s));
  w.move(w.shard_of(0), 0, 1);
  ASSERT_TRUE(w.run_until_delivered(10s));
  w.stack.post_again(0, w.core(0));
  w.run_for(20ms);
  w.stack.post_again(0, w.core(1));
  EXPECT_EQ(w.stack.last_answer(), model::answer::duplicate);
  expect_once();
}

// Both are in the image of who comes next, and nobody has looked at their keys.
TEST_P(foreign_copy, that_came_between_two_owners_is_dropped_by_the_next) {
  w.release(0, w.shard_of(0));
  w.run_for(100ms);
  ASSERT_TRUE(w.journal.is_free(w.shard_of(0)));
  w.stack.post(0, w.core(0));
  w.stack.post_again(0, w.core(1));
  w.run_for(20ms);
  EXPECT_EQ(w.journal.waiting_rows(), 2u * static_cast<std::size_t>(GetParam()));
  w.adopt(1, w.shard_of(0));
  expect_once();
}

TEST(foreign_event, is_formatted_while_its_shard_leaves_and_comes_once) {
  for (auto time = 1ms; time < 40ms; time += 3ms) {
    SCOPED_TRACE(std::to_string(time.count()) + " ms");
    cluster_world w;
    begin(w);
    const auto shard = w.shard_of(0);
    w.around(0).format_time = time;
    w.stack.post(0, w.core(0));
    w.stack.post_again(0, w.core(0)); // waits for the first
    w.move(shard, 0, 1);
    ASSERT_TRUE(w.run_until_delivered(10s));
    w.run_for(100ms);
    EXPECT_EQ(w.stack.expect_arrived(w.arrivals).distinct, 1u);
    EXPECT_EQ(w.arrived_through(0, shard) + w.arrived_through(1, shard), 1u);
    EXPECT_EQ(w.hub.totals().links_stolen, 0u);
    EXPECT_EQ(w.journal.faults(), std::vector<std::string>{});
  }
}

TEST(foreign_event, that_is_committed_while_nobody_owns_its_shard_waits_for_the_next_owner) {
  cluster_world w;
  begin(w);
  converse(w);
  ASSERT_TRUE(w.run_until_delivered(10s));
  const auto shard = w.shard_of(0);
  w.release(0, shard);
  w.run_for(100ms);
  ASSERT_TRUE(w.journal.is_free(shard));
  EXPECT_FALSE(w.core(0).status(key_of(0)));
  const auto sent = w.arrivals.totals().accepted;
  w.stack.post(0, w.core(0));
  w.stack.post(0, w.core(1));
  w.run_for(1s);
  EXPECT_EQ(w.stack.unanswered(), 0u);
  EXPECT_EQ(w.journal.waiting_rows(shard), 2u);
  EXPECT_EQ(w.arrivals.totals().accepted, sent);
  w.adopt(1, shard);
  ASSERT_TRUE(w.run_until_delivered(10s));
  w.run_for(1s);
  w.expect_all_delivered(owned_by(w, {shard}, 1));
  EXPECT_EQ(w.arrivals.totals().duplicates, 0u);
  EXPECT_EQ(w.arrived_through(1, shard), 2u);
}

} // namespace
} // namespace causeway::conversation
