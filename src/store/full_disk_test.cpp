// SPDX-License-Identifier: Apache-2.0
// A disk that is full: what has a 200 stays, what is delivered makes room, and nothing has to be done.
#include "store/faulty_disk.h"
#include "store/store_fixture.h"

#include <gtest/gtest.h>

#include <set>

namespace causeway::store {
namespace {

class full_disk_test : public store_fixture {
protected:
  // A store with messages 1 to `waiting`.
  void open_with(spool_seq waiting) {
    open();
    save_device(*it, make_device(0));
    for (; next <= waiting; ++next)
      ASSERT_TRUE(it->append(make_append(next, 0, 3000)));
    ASSERT_TRUE(answered(waiting));
  }
  void limit(std::optional<std::uint64_t> more) { faulty_disk::it().limit(options.directory, more); }
  void add(std::size_t size = 3000) {
    const auto asked = events.answered();
    ASSERT_TRUE(it->append(make_append(next++, 0, size)));
    ASSERT_TRUE(answered(asked + 1)) << next - 1;
  }
  // Until one is refused.
  void fill() {
    const auto refused = events.refused.size();
    while (events.refused.size() == refused) {
      ASSERT_LT(next, 2000U);
      ASSERT_NO_FATAL_FAILURE(add());
    }
  }
  // Delivered ones go from the disk, full as it is.
  void erase(spool_seq first, spool_seq last) {
    const auto wanted = it->counters().erased_total + (last - first + 1);
    for (auto seq = first; seq <= last; ++seq)
      mark_done(*it, seq);
    ASSERT_TRUE(box.run_until([&] { return it->counters().erased_total == wanted; }))
        << "the disk is still full";
  }
  void TearDown() override { limit(std::nullopt); }

  spool_seq next = 1;
};

TEST_F(full_disk_test, refuses_keeps_what_it_has_and_goes_on_when_there_is_room) {
  open_with(1);
  limit(1'000'000);
  fill();
  EXPECT_EQ(events.refusals.back(), errc::store_unavailable);
  EXPECT_EQ(events.faults, 1U);
  EXPECT_GT(events.stored.size(), 20U);
  const auto kept = events.stored;
  // What must be kept is, until it can be written: a dead letter, and the marks of what is delivered.
  bury(*it, kept[0], error{errc::hub_refused, "full"});
  for (std::size_t i = 1; i < 10; ++i)
    mark_done(*it, kept[i]);
  fill();
  ASSERT_EQ(events.heals + 1, events.faults);
  limit(std::nullopt); // room is made from outside
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
  open_with(200);
  for (spool_seq seq = 1; seq <= 100; ++seq)
    mark_done(*it, seq);
  reopen();
  limit(100'000); // for the log, which has to begin anew again and again
  fill();
  EXPECT_GT(next, 250U); // in the room that others have left
  erase(101, 150);
  const auto refused = events.refused.size();
  for (int i = 0; i < 20; ++i)
    add();
  EXPECT_EQ(events.refused.size(), refused);
}

// The log has gone with the clean stop; a group that does not fit must not take the room that it needs.
TEST_F(full_disk_test, a_group_that_does_not_fit_leaves_the_room_for_erasing) {
  open_with(200);
  reopen();
  limit(400'000);
  const auto size = std::filesystem::file_size(options.directory / "spool.db");
  add(800'000);
  add(800'000);
  EXPECT_EQ(events.refused.size(), 2U);
  EXPECT_LE(std::filesystem::file_size(options.directory / "spool.db"), size);
  erase(1, 50);
  add();
  EXPECT_EQ(events.refused.size(), 2U);
}

// Room that was promised in the run before must be there in this one.
TEST_F(full_disk_test, after_a_refusal_and_a_clean_stop_what_is_delivered_still_makes_room) {
  open_with(200);
  limit(150'000);
  fill();
  reopen();
  fill();
  for (spool_seq first = 1; first <= 41; first += 20) {
    erase(first, first + 19);
    fill();
  }
}

// A step and its report are one: where there is no room for both there is neither, and what was is.
TEST_F(full_disk_test, keeps_nothing_of_commands_whose_append_is_refused) {
  open_with(20);
  const auto with_report = [&](const std::string& id, std::size_t bytes) {
    auto request = make_append(next++, 0, 3000);
    request.commands.push_back(make_command(id, std::string(bytes, 's')));
    const auto asked = events.answered();
    ASSERT_TRUE(it->append(std::move(request)));
    ASSERT_TRUE(answered(asked + 1));
  };
  with_report("a", 10);
  with_report("b", 10);
  ASSERT_TRUE(events.refused.empty());
  reopen();
  limit(0);
  with_report("a", 400'000);
  with_report("c", 400'000);
  ASSERT_TRUE(it->append(make_commands(next++, {make_command("b", std::string(400'000, 's'))})));
  ASSERT_TRUE(answered(3));
  EXPECT_EQ(events.refused.size(), 3U);
  EXPECT_EQ(events.refusals, (std::vector<errc>(3, errc::store_unavailable)));
  EXPECT_EQ(it->counters().erased_total, 0U);
  EXPECT_EQ(it->counters().waiting.messages, 22U);
  limit(std::nullopt);
  reopen();
  EXPECT_EQ(image.commands,
            (std::vector{make_command("a", std::string(10, 's')), make_command("b", std::string(10, 's'))}));
  EXPECT_EQ(image.waiting.size(), 22U);
  EXPECT_EQ(image.waiting.back().seq, 22U);
}

TEST_F(full_disk_test, forgets_commands_once_there_is_room) {
  open_with(1);
  ASSERT_TRUE(it->append(make_commands(next++, {make_command("a", "1"), make_command("b", "1")})));
  ASSERT_TRUE(answered(2));
  reopen();
  limit(0);
  add(400'000);
  ASSERT_EQ(events.refused.size(), 1U);
  forget_commands(*it, {"a"});
  limit(std::nullopt);
  ASSERT_TRUE(box.run_until([&] { return events.heals == 1; }));
  reopen();
  EXPECT_EQ(image.commands, std::vector{make_command("b", "1")});
}

TEST_F(full_disk_test, nobody_waits_for_an_answer_behind_dead_letters_that_cannot_be_written) {
  options.batch_rows = 4;
  open_with(20);
  reopen();
  limit(0);
  for (spool_seq seq = 1; seq <= 20; ++seq)
    bury(*it, seq, error{errc::hub_refused, "full"});
  for (int i = 0; i < 10; ++i)
    ASSERT_NO_FATAL_FAILURE(add(200'000));
  EXPECT_EQ(events.refused.size(), 10U);
  limit(std::nullopt);
  ASSERT_TRUE(box.run_until([&] { return it->counters().dead_letters_total == 20; })) << "they are kept";
}

} // namespace
} // namespace causeway::store
