// SPDX-License-Identifier: Apache-2.0
#include "core/spool_room.h"

#include <gtest/gtest.h>

namespace causeway::core {
namespace {

using shortage = spool_room::shortage;

spool_limits limits(std::uint64_t messages, std::uint64_t bytes, std::uint32_t share) {
  spool_limits made;
  made.most = {messages, bytes};
  made.application_share = share;
  return made;
}

TEST(spool_room, an_application_has_its_share_and_no_more) {
  spool_room room{limits(10, 1000, 50), 2};
  EXPECT_EQ(room.lacks(0, {5, 500}), std::nullopt);
  EXPECT_EQ(room.lacks(0, {6, 0}), shortage::share);
  EXPECT_EQ(room.lacks(0, {1, 501}), shortage::share);
  room.take(0, {5, 100});
  EXPECT_EQ(room.lacks(0, {1, 1}), shortage::share);
  EXPECT_EQ(room.lacks(1, {5, 500}), std::nullopt);
  room.take(1, {5, 500});
  EXPECT_EQ(room.lacks(1, {1, 1}), shortage::spool);
  room.give(0, {2, 40});
  EXPECT_EQ(room.of(0), (amount{3, 60}));
  EXPECT_EQ(room.total(), (amount{8, 560}));
  EXPECT_EQ(room.lacks(0, {2, 300}), std::nullopt);
}

TEST(spool_room, a_lone_application_has_all) {
  spool_room room{limits(10, 1000, 50), 1};
  EXPECT_EQ(room.lacks(0, {10, 1000}), std::nullopt);
  EXPECT_EQ(room.lacks(0, {11, 1}), shortage::spool);
}

TEST(spool_room, what_nobody_owns_any_more_counts_in_all) {
  spool_room room{limits(10, 1000, 50), 2};
  room.take_stray({8, 10});
  EXPECT_EQ(room.lacks(0, {3, 1}), shortage::spool);
  room.give_stray({8, 10});
  EXPECT_EQ(room.lacks(0, {3, 1}), std::nullopt);
}

TEST(spool_room, a_share_is_never_nothing_and_huge_limits_do_not_overflow) {
  spool_room small{limits(1, 1, 1), 2};
  EXPECT_EQ(small.share(), (amount{1, 1}));
  constexpr auto most = static_cast<std::uint64_t>(INT64_MAX);
  spool_room large{limits(most, most, 100), 2};
  EXPECT_EQ(large.share(), (amount{most, most}));
  EXPECT_TRUE(large.can_ever_take(0, {1, most}));
  EXPECT_FALSE(small.can_ever_take(0, {1, 2}));
}

TEST(spool_room, dead_letters_take_of_the_share_and_burying_needs_no_room) {
  spool_room room{limits(10, 1000, 50), 2};
  room.take(0, {5, 500});
  room.bury(0, {5, 500}); // although nothing is left
  EXPECT_EQ(room.of(0), amount{});
  EXPECT_EQ(room.letters_of(0), (amount{5, 500}));
  EXPECT_EQ(room.lacks(0, {1, 1}), shortage::share);
  EXPECT_FALSE(room.can_ever_take(0, {1, 1})) << "nothing that waits could make room";
  EXPECT_EQ(room.letters_part(0), 1.0);
  EXPECT_EQ(room.lacks(1, {5, 500}), std::nullopt) << "and not of anybody else's";
  room.set_letters(0, {1, 400});
  EXPECT_EQ(room.letters_part(0), 0.8);
  EXPECT_EQ(room.lacks(0, {4, 100}), std::nullopt);
  room.set_stray_letters({7, 0});
  EXPECT_EQ(room.lacks(1, {3, 1}), shortage::spool);
  room.set_stray_letters({});
  EXPECT_EQ(room.letters(), (amount{1, 400}));
}

} // namespace
} // namespace causeway::core
