// SPDX-License-Identifier: Apache-2.0
#include "core/backlog.h"
#include "core/gates.h"
#include "core/organ_scene.h"
#include "core/outbox.h"
#include "core/room.h"
#include "core/spool_room.h"

#include <gtest/gtest.h>

namespace causeway::core {
namespace {

using testing::calls;
using testing::organ_scene;
using testing::shard_fixture;

struct roomy : organ_scene {
  spool_limits limits;
  gates held{{}, table, rules, [] { return 0.5; }};
  room space{limits, rules, table, waiting, held, book, time, totals};
  explicit roomy(const spool_limits& by, std::vector<application_rules> of = shard_fixture::rules())
      : organ_scene{std::move(of), by}, limits{by} {}
};

spool_limits most(std::uint64_t messages, when_full policy, std::uint32_t share = 100) {
  spool_limits made;
  made.most = {messages, 1'000'000};
  made.policy = policy;
  made.application_share = share;
  return made;
}

TEST(room_alone, refuses_what_is_too_much_and_counts_whose_share_it_was) {
  roomy f{most(4, when_full::refuse, 50)};
  const auto which = f.add(f.plant, "a");
  f.wait(which, 1);
  EXPECT_EQ(f.space.make(f.plant, {1, 10}, f.now()), std::nullopt);
  EXPECT_EQ(f.space.make(f.plant, {2, 20}, f.now()), answer::share_full);
  EXPECT_EQ(f.space.make(f.field, {5, 20}, f.now()), answer::full);
  EXPECT_EQ(f.space.refusals_of(f.plant), 1U);
  EXPECT_EQ(f.space.refusals_of(f.field), 0U);
  EXPECT_EQ(f.take(), calls{});
}

// A dead letter that is tried again gives its room to its message.
TEST(room_alone, what_goes_as_the_other_comes_makes_room_for_it) {
  roomy f{most(1, when_full::refuse)};
  f.wait(f.add(f.plant, "a"), 1);
  EXPECT_EQ(f.space.make(f.plant, {1, 10}, f.now(), {1, 10}), std::nullopt);
  EXPECT_EQ(f.space.make(f.plant, {2, 10}, f.now(), {1, 10}), answer::full);
}

TEST(room_alone, gives_up_the_oldest_that_is_not_with_the_hub_where_that_is_wanted) {
  roomy f{most(3, when_full::drop_oldest)};
  const auto first = f.add(f.plant, "a"), second = f.add(f.field, "b");
  f.wait(first, 1);
  f.wait(first, 2);
  f.wait(second, 3);
  f.waiting.queue.set_in_flight(first, f.table.at(first), true); // 1 is with the hub
  EXPECT_EQ(f.space.make(f.field, {1, 10}, f.now()), std::nullopt);
  EXPECT_EQ(f.take(), calls{"done 2"});
  EXPECT_EQ(f.space.drops_of(f.plant), 1U);
  EXPECT_EQ(f.totals.dropped[static_cast<std::size_t>(drop_reason::full)], 1U);
  EXPECT_EQ(f.space.make(f.field, {4, 10}, f.now()), answer::full) << "it would never fit";
  EXPECT_EQ(f.take(), calls{});
}

TEST(room_alone, strays_are_given_up_in_their_turn) {
  roomy f{most(2, when_full::drop_oldest)};
  f.space.keep_stray({1, 10});
  f.wait(f.add(f.plant, "a"), 2);
  EXPECT_EQ(f.space.make(f.plant, {1, 10}, f.now()), std::nullopt);
  EXPECT_EQ(f.take(), calls{"done 1"});
  EXPECT_EQ(f.waiting.account.total(), (amount{1, 10}));
}

TEST(room_alone, what_is_over_its_age_goes_and_when_that_is_can_be_asked) {
  auto limits = most(100, when_full::refuse);
  limits.max_age = seconds{60};
  roomy f{limits};
  EXPECT_EQ(f.space.deadline(), std::nullopt);
  const auto which = f.add(f.plant, "a");
  f.wait(which, 1);
  EXPECT_EQ(f.space.deadline(), f.now().mono + seconds{60});
  f.clock.advance(seconds{30});
  f.wait(which, 2);
  f.clock.advance(seconds{30});
  EXPECT_EQ(f.space.oldest_age(f.now()), seconds{60});
  f.space.tick(f.now());
  EXPECT_EQ(f.take(), calls{"done 1"});
  EXPECT_EQ(f.space.oldest_age(f.now()), seconds{30});
}

TEST(room_alone, dead_letters_take_room_of_their_application_and_of_those_that_are_gone_in_all) {
  roomy f{most(10, when_full::refuse, 50)};
  f.space.on_dead_letters_counted({{application_id{"plant"}, {5, 50}}, {application_id{"gone"}, {4, 40}}});
  EXPECT_EQ(f.waiting.account.letters(), (amount{9, 90}));
  EXPECT_EQ(f.space.make(f.plant, {1, 10}, f.now()), answer::share_full);
  EXPECT_EQ(f.space.make(f.field, {1, 10}, f.now()), std::nullopt);
  EXPECT_EQ(f.space.make(f.field, {2, 10}, f.now()), answer::full);
  f.space.on_dead_letters_counted({});
  EXPECT_EQ(f.waiting.account.letters(), amount{});
}

} // namespace
} // namespace causeway::core
