// SPDX-License-Identifier: Apache-2.0
// A disk that is full: what has a 200 stays, what is delivered makes room, and nothing has to be done.
#include "store/faulty_disk.h"
#include "store/store_fixture.h"

#include <gtest/gtest.h>

#include <set>

namespace causeway::store {
namespace {

using full_disk_test = store_fixture;

TEST_F(full_disk_test, refuses_keeps_what_it_has_and_goes_on_when_there_is_room) {
  auto& disk = faulty_disk::it();
  options.directory = directory.path() / "state";
  open();
  ASSERT_TRUE(it->append(make_append(1, 0, 3000)));
  ASSERT_TRUE(answered(1));
  disk.limit(options.directory, 1'000'000);
  spool_seq next = 2;
  const auto fill = [&] {
    const auto refused = events.refused.size();
    while (events.refused.size() == refused) {
      ASSERT_LT(next, 2000U);
      const auto asked = events.answered();
      ASSERT_TRUE(it->append(make_append(next++, 0, 3000)));
      ASSERT_TRUE(answered(asked + 1));
    }
  };
  fill();
  EXPECT_EQ(events.refusals.back(), errc::store_unavailable);
  EXPECT_EQ(events.faults, 1U);
  EXPECT_GT(events.stored.size(), 20U);
  const auto kept = events.stored;
  // What must be kept is, until it can be written: a dead letter, and the marks of what is delivered.
  it->dead_letter(kept[0], error{errc::hub_refused, "full"});
  for (std::size_t i = 1; i < 10; ++i)
    it->mark_done(kept[i]);
  fill();
  ASSERT_EQ(events.heals + 1, events.faults);
  disk.limit(options.directory, std::nullopt); // room is made from outside
  ASSERT_TRUE(box.run_until([&] { return events.heals == events.faults; })) << "nobody asks the disk again";
  const auto last = next++;
  ASSERT_TRUE(it->append(make_append(last, 0, 3000)));
  ASSERT_TRUE(box.run_until([&] { return !events.stored.empty() && events.stored.back() == last; }));
  ASSERT_TRUE(box.run_until([&] { return it->counters().erased_total == 10; }));
  EXPECT_EQ(events.heals, events.faults);
  EXPECT_EQ(it->counters().dead_letters_total, 1U);
  reopen();
  std::set<spool_seq> there;
  for (const auto& row : image.waiting)
    there.insert(row.seq);
  EXPECT_EQ(there.size(), image.waiting.size());
  for (std::size_t i = 10; i < kept.size(); ++i)
    EXPECT_TRUE(there.contains(kept[i])) << kept[i];
  EXPECT_TRUE(there.contains(last));
}

TEST_F(full_disk_test, makes_room_by_itself_when_messages_are_delivered) {
  auto& disk = faulty_disk::it();
  options.directory = directory.path() / "state";
  open();
  for (spool_seq seq = 1; seq <= 200; ++seq)
    ASSERT_TRUE(it->append(make_append(seq, 0, 3000)));
  ASSERT_TRUE(answered(200));
  for (spool_seq seq = 1; seq <= 100; ++seq)
    it->mark_done(seq);
  reopen();
  disk.limit(options.directory, 100'000); // for the log, which has to begin anew again and again
  spool_seq next = 201;
  const auto add = [&] {
    const auto asked = events.answered();
    ASSERT_TRUE(it->append(make_append(next++, 0, 3000)));
    ASSERT_TRUE(answered(asked + 1));
  };
  while (events.refused.empty()) {
    ASSERT_LT(next, 2000U);
    add();
  }
  EXPECT_GT(next, 250U); // in the room that others have left
  for (spool_seq seq = 101; seq <= 150; ++seq)
    it->mark_done(seq);
  ASSERT_TRUE(box.run_until([&] { return it->counters().erased_total == 50; })) << "the disk is still full";
  const auto refused = events.refused.size();
  for (int i = 0; i < 20; ++i)
    add();
  EXPECT_EQ(events.refused.size(), refused);
  disk.limit(options.directory, std::nullopt);
}

// The log has gone with the clean stop; a group that does not fit must not take the room that it needs.
TEST_F(full_disk_test, a_group_that_does_not_fit_leaves_the_room_for_erasing) {
  auto& disk = faulty_disk::it();
  options.directory = directory.path() / "state";
  open();
  for (spool_seq seq = 1; seq <= 200; ++seq)
    ASSERT_TRUE(it->append(make_append(seq, 0, 3000)));
  ASSERT_TRUE(answered(200));
  reopen();
  disk.limit(options.directory, 400'000);
  const auto size = std::filesystem::file_size(options.directory / "spool.db");
  for (spool_seq seq = 201; seq <= 202; ++seq) {
    const auto asked = events.answered();
    ASSERT_TRUE(it->append(make_append(seq, 0, 800'000)));
    ASSERT_TRUE(answered(asked + 1));
  }
  EXPECT_EQ(events.refused.size(), 2U);
  EXPECT_LE(std::filesystem::file_size(options.directory / "spool.db"), size);
  for (spool_seq seq = 1; seq <= 50; ++seq)
    it->mark_done(seq);
  ASSERT_TRUE(box.run_until([&] { return it->counters().erased_total == 50; })) << "nothing can be erased";
  const auto asked = events.answered();
  ASSERT_TRUE(it->append(make_append(203, 0, 3000)));
  ASSERT_TRUE(answered(asked + 1));
  EXPECT_EQ(events.refused.size(), 2U);
  disk.limit(options.directory, std::nullopt);
}

// Room that was promised in the run before must be there in this one.
TEST_F(full_disk_test, after_a_refusal_and_a_clean_stop_what_is_delivered_still_makes_room) {
  auto& disk = faulty_disk::it();
  options.directory = directory.path() / "state";
  open();
  for (spool_seq seq = 1; seq <= 200; ++seq)
    ASSERT_TRUE(it->append(make_append(seq, 0, 3000)));
  ASSERT_TRUE(answered(200));
  spool_seq next = 201;
  const auto fill = [&] {
    const auto refused = events.refused.size();
    while (events.refused.size() == refused) {
      ASSERT_LT(next, 3000U);
      const auto asked = events.answered();
      ASSERT_TRUE(it->append(make_append(next++, 0, 3000)));
      ASSERT_TRUE(answered(asked + 1));
    }
  };
  disk.limit(options.directory, 150'000);
  fill();
  reopen();
  fill();
  for (int round = 0; round < 3; ++round) {
    const auto erased = it->counters().erased_total;
    for (std::size_t i = 0; i < 20; ++i)
      it->mark_done(static_cast<spool_seq>(1 + round * 20) + i);
    ASSERT_TRUE(box.run_until([&] { return it->counters().erased_total == erased + 20; })) << round;
    fill();
  }
  disk.limit(options.directory, std::nullopt);
}

TEST_F(full_disk_test, nobody_waits_for_an_answer_behind_dead_letters_that_cannot_be_written) {
  auto& disk = faulty_disk::it();
  options.directory = directory.path() / "state";
  options.batch_rows = 4;
  open();
  for (spool_seq seq = 1; seq <= 20; ++seq)
    ASSERT_TRUE(it->append(make_append(seq, 0, 3000)));
  ASSERT_TRUE(answered(20));
  reopen();
  disk.limit(options.directory, 0);
  for (spool_seq seq = 1; seq <= 20; ++seq)
    it->dead_letter(seq, error{errc::hub_refused, "full"});
  for (spool_seq seq = 21; seq <= 30; ++seq) {
    const auto asked = events.answered();
    ASSERT_TRUE(it->append(make_append(seq, 0, 200'000)));
    ASSERT_TRUE(answered(asked + 1)) << seq;
  }
  EXPECT_EQ(events.refused.size(), 10U);
  disk.limit(options.directory, std::nullopt);
  ASSERT_TRUE(box.run_until([&] { return it->counters().dead_letters_total == 20; })) << "they are kept";
}

} // namespace
} // namespace causeway::store
