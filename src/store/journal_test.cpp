// SPDX-License-Identifier: Apache-2.0
// The store as model::journal: numbers, rows that come back, changes as a whole.
#include "store/store_fixture.h"

namespace causeway::store {
namespace {

using journal_test = store_fixture;

TEST_F(journal_test, rows_come_with_their_numbers_and_the_bodies_that_are_in_memory) {
  open();
  save_device(*it, make_device(3));
  auto request = make_append(1, 3);
  request.messages.push_back(make_message(7));
  request.key = model::kept_key{'u', 5};
  request.accepted_at = 9;
  ASSERT_TRUE(it->append(std::move(request)));
  ASSERT_TRUE(it->append(make_refused(2, "raw", error{errc::format_refused})));
  ASSERT_TRUE(it->append(make_append(3)));
  ASSERT_TRUE(answered(3));
  ASSERT_TRUE(box.run_until([&] { return events.fresh.size() == 3; }));
  EXPECT_EQ(events.fresh[0].seq, 1U);
  EXPECT_EQ(events.fresh[0].by, model::append_id{1});
  EXPECT_EQ(events.fresh[0].key, (model::kept_key{'u', 5}));
  EXPECT_EQ(events.fresh[0].accepted_at, 9U);
  EXPECT_EQ(events.fresh[1].seq, 2U);
  EXPECT_EQ(events.fresh[1].device, device_ref{3});
  EXPECT_EQ(events.fresh[1].body, make_message(7));
  EXPECT_FALSE(events.fresh[1].key) << "of one event there is one";
  EXPECT_EQ(events.fresh[2].seq, 4U) << "what was refused has a number, too";
  EXPECT_EQ(it->counters().waiting.messages, 3U);
}

TEST_F(journal_test, a_change_is_durable_as_a_whole) {
  options.batch_rows = 1;
  open_by_hand();
  for (std::uint32_t ref = 0; ref < 2; ++ref)
    save_device(*it, make_device(ref));
  for (spool_seq seq = 1; seq <= 3; ++seq)
    ASSERT_TRUE(it->append(make_append(seq, 0)));
  while (it->step(clock.now())) {
  }
  model::change change;
  change.done.push_back(2);
  change.dead_letters.push_back({1, error{errc::device_replaced}});
  auto record = make_device(0);
  record.deleted = true;
  change.devices.push_back(record);
  it->commit(std::move(change));
  ASSERT_TRUE(it->append(make_append(4, 1))); // a commit of its own: a group is one piece
  ASSERT_TRUE(it->step(clock.now()));
  it.reset(); // a crash
  load();
  EXPECT_EQ(seqs_of(image), std::vector<spool_seq>{3});
  ASSERT_EQ(image.devices.size(), 2U);
  EXPECT_TRUE(image.devices[0].deleted);
  EXPECT_EQ(image.dead_letters.size(), 1U);
}

// The record said that the device is another one now before the former's messages had gone.
TEST_F(journal_test, a_record_does_not_overtake_an_earlier_change_of_its_device) {
  options.batch_rows = 1;
  open_by_hand();
  save_device(*it, make_device(0));
  ASSERT_TRUE(it->append(make_append(1, 0)));
  while (it->step(clock.now())) {
  }
  ASSERT_TRUE(it->append(make_append(2, 0)));
  model::change change;
  auto record = make_device(0);
  record.dev_eui = causeway::dev_eui{"70B3D57ED0000002"};
  change.dead_letters.push_back({1, error{errc::device_replaced}});
  change.devices.push_back(record);
  it->commit(std::move(change));
  record.listed = true;
  save_device(*it, record); // as the append's group goes, it must not take this along
  ASSERT_TRUE(it->step(clock.now()));
  it.reset();
  load();
  EXPECT_EQ(seqs_of(image), (std::vector<spool_seq>{1, 2}));
  ASSERT_EQ(image.devices.size(), 1U);
  EXPECT_EQ(image.devices[0].dev_eui, make_device(0).dev_eui);
  EXPECT_FALSE(image.devices[0].listed);
}

// Each of them was a piece of its own: while a disk refuses, the queue grew with each word of the registry.
TEST_F(journal_test, what_is_said_of_a_device_while_a_change_of_it_waits_goes_with_that_change) {
  options.batch_rows = 1;
  open_by_hand();
  save_device(*it, make_device(0));
  ASSERT_TRUE(it->append(make_append(1, 0)));
  while (it->step(clock.now())) {
  }
  box.drain();
  const auto before = it->counters().commits_total;
  model::change change;
  auto record = make_device(0);
  change.dead_letters.push_back({1, error{errc::device_replaced}});
  change.devices.push_back(record);
  it->commit(std::move(change));
  for (int n = 0; n < 100; ++n) {
    record.model_id = std::to_string(n);
    save_device(*it, record);
  }
  while (it->step(clock.now())) {
  }
  box.drain();
  EXPECT_EQ(it->counters().commits_total, before + 1);
  it.reset();
  load();
  ASSERT_EQ(image.devices.size(), 1U);
  EXPECT_EQ(image.devices[0].model_id, "99");
  EXPECT_TRUE(image.waiting.empty());
}

TEST_F(journal_test, a_former_devices_append_that_is_on_its_way_gets_its_number_into_the_record) {
  open_by_hand();
  save_device(*it, make_device(0));
  ASSERT_TRUE(it->append(make_append(1, 0)));
  ASSERT_TRUE(it->append(make_append(2, 0)));
  auto record = make_device(0);
  record.former_until = 1;
  record.former_append = model::append_id{2};
  save_device(*it, record);
  ASSERT_TRUE(it->append(make_append(3, 0)));
  while (it->step(clock.now())) {
  }
  ASSERT_TRUE(answered(3));
  // Once it is answered the record says the number itself.
  auto other = make_device(1);
  other.former_until = 2;
  other.former_append = model::append_id{2};
  save_device(*it, other);
  while (it->step(clock.now())) {
  }
  it.reset();
  load();
  ASSERT_EQ(image.devices.size(), 2U);
  EXPECT_EQ(image.devices[0].former_until, 2U);
  EXPECT_EQ(image.devices[1].former_until, 2U);
}

TEST_F(journal_test, who_comes_to_the_place_of_a_forgotten_device_is_another_on_disk_too) {
  open();
  for (std::uint32_t ref = 0; ref < 3; ++ref) {
    save_device(*it, make_device(ref));
    save_assignment(*it, device_ref{ref}, make_assignment(ref));
  }
  auto request = make_append(1, 1);
  request.key = model::kept_key{'u', 5};
  ASSERT_TRUE(it->append(std::move(request)));
  reopen();
  auto next = make_device(7);
  next.ref = make_ref(1, 1);
  model::change what;
  what.dead_letters.push_back({1, error{errc::device_forgotten}});
  what.devices.push_back(next);
  what.assignments.push_back({next.ref, make_assignment(7)});
  what.gone.push_back({device_ref{1}, make_device(1).key});
  it->commit(std::move(what));
  request = make_append(2, 0);
  request.device = next.ref;
  request.from = next.key;
  request.key = model::kept_key{'u', 9};
  ASSERT_TRUE(it->append(std::move(request)));
  ASSERT_TRUE(box.run_until([&] { return events.fresh.size() == 1; }));
  EXPECT_EQ(events.fresh[0].device, next.ref);
  reopen();
  ASSERT_EQ(image.devices.size(), 3U);
  EXPECT_EQ(image.devices[1].key, make_device(2).key);
  EXPECT_EQ(image.devices[2].key, next.key);
  for (std::uint32_t place = 0; place < 3; ++place)
    EXPECT_EQ(image.devices[place].ref, device_ref{place}) << "without gaps";
  ASSERT_EQ(image.waiting.size(), 1U);
  EXPECT_EQ(image.waiting[0].device, device_ref{2});
  EXPECT_EQ(image.recent_keys, (std::vector<model::start_image::recent_key>{{device_ref{2}, {'u', 9}}}));
  ASSERT_EQ(image.assignments.size(), 3U);
  for (const auto& one : image.assignments)
    EXPECT_EQ(one, assignment_of(one.key));
  EXPECT_EQ(next_number(), 4U);
  it->read_back({2});
  ASSERT_TRUE(box.run_until([&] { return events.reads == 1; }));
  EXPECT_EQ(events.rows.size(), 1U);
}

// The thread was woken by the first mark after each commit, only to learn when that goes.
TEST_F(journal_test, a_mark_soon_after_a_commit_wakes_nobody_and_goes_in_time) {
  open_by_hand();
  ASSERT_TRUE(it->append(make_append(1)));
  while (it->step(clock.now())) {
  }
  box.drain();
  const auto due = clock.now().mono + options.mark_delay;
  EXPECT_EQ(it->next_step(), due) << "by itself, once";
  clock.advance(milliseconds{1});
  mark_done(*it, 1);
  EXPECT_EQ(it->next_step(), due);
  clock.advance(options.mark_delay - milliseconds{2});
  EXPECT_FALSE(it->step(clock.now()));
  clock.advance(milliseconds{1});
  EXPECT_TRUE(it->step(clock.now()));
  box.drain();
  EXPECT_EQ(it->counters().erased_total, 1U);
}

TEST_F(journal_test, a_mark_long_after_a_commit_waits_for_company_from_then_on) {
  open_by_hand();
  ASSERT_TRUE(it->append(make_append(1)));
  while (it->step(clock.now())) {
  }
  clock.advance(options.mark_delay);
  EXPECT_FALSE(it->step(clock.now()));
  EXPECT_GT(it->next_step(), clock.now().mono + options.mark_delay) << "no mark is looked for any more";
  clock.advance(milliseconds{1});
  mark_done(*it, 1);
  EXPECT_FALSE(it->step(clock.now()));
  EXPECT_EQ(it->next_step(), clock.now().mono + options.mark_delay);
}

TEST_F(journal_test, under_load_what_comes_in_one_turn_of_the_loop_is_one_commit) {
  open_by_hand();
  for (spool_seq seq = 1; seq <= 4; ++seq)
    ASSERT_TRUE(it->append(make_append(seq)));
  while (it->step(clock.now())) {
  }
  box.drain();
  const auto before = it->counters().commits_total;
  ASSERT_TRUE(it->append(make_append(5)));
  EXPECT_FALSE(it->step(clock.now())) << "the turn goes on";
  ASSERT_TRUE(it->append(make_append(6)));
  box.drain(); // its end
  while (it->step(clock.now())) {
  }
  box.drain();
  EXPECT_EQ(it->counters().commits_total, before + 1);
  EXPECT_EQ(events.stored.size(), 6U);
}

TEST_F(journal_test, under_load_a_change_takes_along_what_came_before_it) {
  open_by_hand();
  for (spool_seq seq = 1; seq <= 4; ++seq)
    ASSERT_TRUE(it->append(make_append(seq)));
  while (it->step(clock.now())) {
  }
  box.drain();
  ASSERT_TRUE(it->append(make_append(5)));
  bury(*it, 1, error{errc::device_replaced});
  EXPECT_TRUE(it->step(clock.now()));
  box.drain();
  EXPECT_EQ(events.stored.size(), 5U);
}

} // namespace
} // namespace causeway::store
