// SPDX-License-Identifier: Apache-2.0
#include "store/store.h"

#include "store/seal.h"
#include "store/store_fixture.h"

#include <fstream>

namespace causeway::store {
namespace {

using store_test = store_fixture;

TEST_F(store_test, what_was_answered_is_there_after_a_restart) {
  open();
  EXPECT_EQ(image.next_seq, 1U);
  save_device(*it, make_device(0));
  for (spool_seq seq = 1; seq <= 3; ++seq)
    ASSERT_TRUE(it->append(make_append(seq)));
  ASSERT_TRUE(answered(3));
  EXPECT_EQ(events.stored, (std::vector<spool_seq>{1, 2, 3}));
  reopen();
  EXPECT_EQ(seqs_of(image), (std::vector<spool_seq>{1, 2, 3}));
  EXPECT_EQ(image.waiting[0].bytes, model::size_of(make_message()));
  EXPECT_EQ(image.waiting[0].accepted_at, 0U);
  EXPECT_EQ(image.next_seq, 4U);
  ASSERT_EQ(image.devices.size(), 1U);
  EXPECT_EQ(image.devices[0].key, make_device(0).key);
  EXPECT_EQ(image.devices[0].dev_eui, make_device(0).dev_eui);
  EXPECT_EQ(next_number(), 1U);
  it->read_back({1, 2, 3});
  ASSERT_TRUE(box.run_until([&] { return events.reads == 1; }));
  ASSERT_EQ(events.rows.size(), 3U);
  EXPECT_EQ(events.rows[2].seq, 3U);
  EXPECT_EQ(events.rows[2].body, make_message());
}

TEST_F(store_test, an_append_of_several_rows_is_one_answer) {
  open();
  auto request = make_append(1);
  request.messages.push_back(make_message());
  ASSERT_TRUE(it->append(std::move(request)));
  ASSERT_TRUE(answered(1));
  EXPECT_EQ(events.stored, (std::vector<spool_seq>{1}));
  EXPECT_EQ(it->counters().appended_total, 2U);
  reopen();
  EXPECT_EQ(seqs_of(image), (std::vector<spool_seq>{1, 2}));
}

TEST_F(store_test, one_commit_posts_one_batch) {
  options.batch_rows = 100;
  open_by_hand(); // so that the test decides what a group is
  for (spool_seq seq = 1; seq <= 101; ++seq)
    ASSERT_TRUE(it->append(make_append(seq)));
  while (it->step(clock.now())) {
  }
  ASSERT_TRUE(answered(101));
  EXPECT_LE(events.spooled_calls, 3U);
  EXPECT_EQ(events.stored.size(), 101U);
  EXPECT_TRUE(std::is_sorted(events.stored.begin(), events.stored.end()));
}

TEST_F(store_test, what_is_done_is_gone_and_its_number_never_comes_again) {
  open();
  for (spool_seq seq = 1; seq <= 5; ++seq)
    ASSERT_TRUE(it->append(make_append(seq)));
  ASSERT_TRUE(answered(5));
  for (const spool_seq seq : {5, 2, 3})
    mark_done(*it, seq);
  ASSERT_TRUE(box.run_until([&] { return it->counters().erased_total == 3; }));
  EXPECT_EQ(it->counters().waiting.messages, 2U);
  EXPECT_EQ(it->counters().waiting.bytes, 2 * model::size_of(make_message()));
  reopen();
  EXPECT_EQ(seqs_of(image), (std::vector<spool_seq>{1, 4}));
  EXPECT_EQ(image.next_seq, 6U);
}

TEST_F(store_test, marks_are_kept_by_close) {
  options.mark_delay = seconds{3600};
  open();
  ASSERT_TRUE(it->append(make_append(1)));
  ASSERT_TRUE(answered(1));
  mark_done(*it, 1);
  reopen();
  EXPECT_TRUE(image.waiting.empty());
}

TEST_F(store_test, marks_ride_in_the_next_append) {
  options.mark_delay = seconds{3600};
  open();
  ASSERT_TRUE(it->append(make_append(1)));
  ASSERT_TRUE(answered(1));
  mark_done(*it, 1);
  ASSERT_TRUE(it->append(make_append(2)));
  ASSERT_TRUE(answered(2));
  EXPECT_EQ(it->counters().erased_total, 1U);
  EXPECT_EQ(it->counters().commits_total, 2U);
}

TEST_F(store_test, a_row_that_is_gone_or_marked_is_said_to_be_gone) {
  options.mark_delay = seconds{3600};
  open();
  save_device(*it, make_device(0));
  ASSERT_TRUE(it->append(make_append(1)));
  ASSERT_TRUE(it->append(make_append(2)));
  ASSERT_TRUE(answered(2));
  mark_done(*it, 1);
  it->read_back({1, 2, 77});
  ASSERT_TRUE(box.run_until([&] { return events.reads == 1; }));
  ASSERT_EQ(events.rows.size(), 1U);
  EXPECT_EQ(events.rows[0].seq, 2U);
  EXPECT_EQ(events.gone, (std::vector<spool_seq>{1, 77}));
}

TEST_F(store_test, an_answer_to_read_back_stops_at_its_budget_and_has_at_least_one_row) {
  options.read_bytes = 1000;
  open();
  save_device(*it, make_device(0));
  for (spool_seq seq = 1; seq <= 4; ++seq)
    ASSERT_TRUE(it->append(make_append(seq, 0, 600)));
  ASSERT_TRUE(answered(4));
  it->read_back({1, 2, 3, 4});
  it->read_back({3, 4});
  ASSERT_TRUE(box.run_until([&] { return events.reads == 2; }));
  std::vector<spool_seq> seqs;
  for (const auto& row : events.rows)
    seqs.push_back(row.seq);
  EXPECT_EQ(seqs, (std::vector<spool_seq>{1, 2, 3, 4}));
  EXPECT_TRUE(events.gone.empty());
}

TEST_F(store_test, the_last_32_keys_of_a_device_and_kind_are_kept_oldest_first) {
  using recent_key = model::start_image::recent_key;
  open();
  for (std::uint32_t ref = 0; ref < 10; ++ref)
    save_device(*it, make_device(ref));
  spool_seq seq = 0;
  const auto append = [&](std::uint32_t device, model::kept_key key) {
    auto request = make_append(++seq, device);
    request.key = key;
    ASSERT_TRUE(it->append(std::move(request)));
  };
  append(7, {'n', 5});
  for (std::uint64_t n = 1; n <= 40; ++n)
    append(7, {'u', n << 56 | n});
  append(8, {'u', 0});
  ASSERT_TRUE(it->append(make_append(++seq, 9))); // without a key
  ASSERT_TRUE(answered(seq));
  reopen();
  ASSERT_EQ(image.recent_keys.size(), 34U);
  EXPECT_EQ(image.recent_keys[0], (recent_key{device_ref{7}, {'n', 5}}));
  for (std::uint64_t i = 1; i <= 32; ++i)
    EXPECT_EQ(image.recent_keys[i], (recent_key{device_ref{7}, {'u', (i + 8) << 56 | (i + 8)}}));
  EXPECT_EQ(image.recent_keys[33], (recent_key{device_ref{8}, {'u', 0}}));
}

TEST_F(store_test, a_full_queue_refuses_at_once) {
  options.queued_messages = 1;
  open();
  ASSERT_TRUE(it->append(make_append(1)));
  auto second = it->append(make_append(2));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.fault().code(), errc::store_unavailable);
  close(); // commits what is queued all the same
  open();
  EXPECT_EQ(seqs_of(image), (std::vector<spool_seq>{1}));
}

TEST_F(store_test, after_close_nothing_is_taken) {
  open();
  ASSERT_TRUE(it->close(std::chrono::steady_clock::now() + seconds{20}));
  auto late = it->append(make_append(1));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.fault().code(), errc::store_closed);
  mark_done(*it, 1);
  EXPECT_TRUE(it->close(std::chrono::steady_clock::now()));
}

TEST_F(store_test, a_dead_letter_leaves_the_spool_and_keeps_message_and_reason) {
  open();
  save_device(*it, make_device(0));
  ASSERT_TRUE(it->append(make_append(1)));
  ASSERT_TRUE(answered(1));
  bury(*it, 1, error{errc::message_too_large, "300000 bytes"});
  const std::string raw = R"({"end_device_ids":{}})";
  ASSERT_TRUE(it->append(make_refused(2, raw, error{errc::format_refused, "why"})));
  ASSERT_TRUE(answered(2));
  ASSERT_TRUE(box.run_until([&] { return it->counters().dead_letters_total == 2; }));
  EXPECT_EQ(it->counters().waiting.messages, 0U);
  EXPECT_EQ(it->counters().queued_bytes, 0U);
  const auto file = options.directory / "spool.db";
  close();
  bool damaged = false;
  auto db = database::open({.file = file, .application_id = 0x43575350}, damaged);
  ASSERT_TRUE(db);
  auto rows = db->prepare(
      "SELECT application, device, reason, detail, at, message, event FROM dead_letter ORDER BY id");
  ASSERT_TRUE(rows);
  ASSERT_TRUE(*rows->step());
  EXPECT_EQ(rows->text(0), "water-meters");
  EXPECT_EQ(rows->text(1), "meter-0");
  EXPECT_EQ(rows->text(2), "message_too_large");
  EXPECT_EQ(rows->text(3), "300000 bytes");
  EXPECT_EQ(rows->integer(4), unix_seconds(clock.now().wall) * 1000);
  const auto message = unseal(rows->text(5));
  ASSERT_TRUE(message);
  EXPECT_EQ(message->content, model::encode_message(make_message()));
  ASSERT_TRUE(*rows->step());
  EXPECT_EQ(rows->text(2), "format_refused");
  const auto event = unseal(rows->text(6));
  ASSERT_TRUE(event);
  EXPECT_EQ(event->content, raw);
}

TEST_F(store_test, open_seconds_outlive_a_restart_with_what_is_counted_in_them) {
  open();
  EXPECT_EQ(image.open_seconds, 0U);
  auto record = make_device(0);
  record.refused_at = 77;
  record.deleted = true;
  record.attached = true;
  record.former_until = 9;
  save_device(*it, record);
  auto request = make_append(1);
  request.accepted_at = 70;
  ASSERT_TRUE(it->append(request));
  it->save_open_seconds(100);
  it->save_open_seconds(160);
  reopen();
  EXPECT_EQ(image.open_seconds, 160U);
  EXPECT_EQ(image.waiting.at(0).accepted_at, 70U);
  EXPECT_EQ(image.devices.at(0).refused_at, 77U);
  EXPECT_EQ(image.devices.at(0).former_until, 9U);
  EXPECT_TRUE(image.devices.at(0).deleted);
  EXPECT_TRUE(image.devices.at(0).attached);
}

TEST_F(store_test, a_forgotten_device_is_gone_with_all_that_was_its_and_its_number_never_comes_again) {
  open();
  save_device(*it, make_device(0));
  save_device(*it, make_device(1));
  save_assignment(*it, device_ref{0}, make_assignment(0));
  save_assignment(*it, device_ref{1}, make_assignment(1));
  auto request = make_append(1, 1);
  request.key = model::kept_key{'u', 5};
  ASSERT_TRUE(it->append(request));
  reopen();
  ASSERT_EQ(image.assignments.size(), 2U);
  bury(*it, 1, error{errc::device_forgotten});
  forget_device(*it, device_ref{1}, make_device(1).key);
  save_device(*it, make_device(2)); // and one that is not on disk yet
  save_assignment(*it, device_ref{2}, make_assignment(2));
  forget_device(*it, device_ref{2}, make_device(2).key);
  reopen();
  ASSERT_EQ(image.devices.size(), 1U);
  ASSERT_EQ(image.assignments.size(), 1U);
  EXPECT_EQ(image.assignments[0].key, make_device(0).key);
  EXPECT_TRUE(image.recent_keys.empty());
  EXPECT_TRUE(image.waiting.empty());
  EXPECT_EQ(image.dead_letters, (model::dead_letter_amounts{
                                    {make_device(1).key.application, {1, model::size_of(make_message())}}}));
  EXPECT_EQ(next_number(), 3U);
}

TEST_F(store_test, what_was_delivered_of_a_device_goes_with_it) {
  options.mark_delay = std::chrono::hours{1};
  open();
  save_device(*it, make_device(0));
  ASSERT_TRUE(it->append(make_append(1)));
  ASSERT_TRUE(answered(1));
  mark_done(*it, 1);
  forget_device(*it, device_ref{0}, make_device(0).key);
  // At once, not when the mark is due: a kill between would leave a row that is nobody's.
  EXPECT_TRUE(box.run_until([&] { return it->counters().waiting.messages == 0; }));
}

TEST_F(store_test, cursors_outlive_a_restart) {
  open();
  const application_id plant{"plant"}, field{"field"};
  EXPECT_TRUE(it->cursors().empty());
  const auto at = wall_time{milliseconds{1'700'000'000'123}};
  it->save_cursor(plant, at - seconds{5});
  it->save_cursor(field, at - seconds{9});
  it->save_cursor(plant, at);
  reopen();
  EXPECT_EQ(it->cursors(), (std::map<application_id, wall_time>{{field, at - seconds{9}}, {plant, at}}));
}

TEST_F(store_test, a_record_that_cannot_be_read_becomes_a_dead_letter) {
  open();
  save_device(*it, make_device(0));
  ASSERT_TRUE(it->append(make_append(1)));
  ASSERT_TRUE(answered(1));
  close();
  {
    bool damaged = false;
    auto db = database::open({.file = options.directory / "spool.db", .application_id = 0x43575350}, damaged);
    ASSERT_TRUE(db);
    ASSERT_TRUE(db->execute("UPDATE record SET message = x'ff00'"));
  }
  open();
  it->read_back({1});
  ASSERT_TRUE(box.run_until([&] { return it->counters().dead_letters_total == 1; }));
  EXPECT_TRUE(events.rows.empty());
  EXPECT_EQ(events.gone, (std::vector<spool_seq>{1}));
  reopen();
  EXPECT_TRUE(image.waiting.empty());
}

TEST_F(store_test, assignments_are_kept_replaced_and_forgotten) {
  open();
  for (std::uint32_t ref = 0; ref < 3; ++ref) {
    save_device(*it, make_device(ref));
    save_assignment(*it, device_ref{ref}, make_assignment(ref));
  }
  reopen();
  ASSERT_EQ(image.assignments.size(), 3U);
  EXPECT_EQ(image.assignments[2], (model::start_image::assigned{make_device(2).key, make_assignment(2)}));
  auto moved = make_assignment(1);
  moved.hub = hub_host{"other.azure-devices.net"};
  save_assignment(*it, device_ref{1}, moved);
  forget_assignment(*it, device_ref{2});
  reopen();
  ASSERT_EQ(image.assignments.size(), 2U);
  EXPECT_EQ(image.assignments[1], (model::start_image::assigned{make_device(1).key, moved}));
}

TEST_F(store_test, an_assignment_waits_for_its_device_when_groups_are_small) {
  options.batch_rows = 7;
  options.mark_delay = milliseconds{0};
  open();
  for (std::uint32_t ref = 0; ref < 100; ++ref) {
    save_device(*it, make_device(ref));
    save_assignment(*it, device_ref{ref}, make_assignment(ref));
  }
  reopen();
  EXPECT_EQ(image.devices.size(), 100U);
  EXPECT_EQ(image.assignments.size(), 100U);
}

TEST_F(store_test, a_place_in_the_device_table_is_never_given_to_another_device) {
  open();
  save_device(*it, make_device(0));
  auto other = make_device(5);
  other.ref = device_ref{0};
  save_device(*it, other);
  reopen();
  ASSERT_EQ(image.devices.size(), 1U);
  EXPECT_EQ(image.devices[0].key, make_device(0).key);
}

TEST_F(store_test, what_the_registry_said_of_a_device_is_kept) {
  open();
  auto said = make_device(0);
  save_device(*it, said);
  reopen();
  ASSERT_EQ(image.devices.size(), 1U);
  EXPECT_FALSE(image.devices[0].listed);
  EXPECT_EQ(image.devices[0].integration, std::nullopt);
  for (const auto integration : {std::optional<bool>{}, std::optional{true}, std::optional{false}}) {
    said.listed = true;
    said.integration = integration;
    said.model_id = "dtmi:x:own;" + std::to_string(integration.value_or(false));
    save_device(*it, said);
    reopen();
    ASSERT_EQ(image.devices.size(), 1U);
    EXPECT_TRUE(image.devices[0].listed);
    EXPECT_EQ(image.devices[0].integration, integration);
    EXPECT_EQ(image.devices[0].model_id, said.model_id);
    EXPECT_EQ(image.devices[0].dev_eui, said.dev_eui);
  }
}

TEST_F(store_test, a_whole_listing_takes_few_commits_which_appends_overtake_with_their_device) {
  constexpr std::uint32_t devices = 20'000;
  options.directory = directory.path() / "state";
  auto opened =
      store::open(options, clock, [this](std::function<void()> work) { box.post(std::move(work)); });
  ASSERT_TRUE(opened);
  it = *std::move(opened);
  ASSERT_TRUE(it->load());
  // All of it waits before the thread runs, so that what goes first is no matter of luck.
  for (int times = 0; times < 2; ++times)
    for (std::uint32_t ref = 0; ref < devices; ++ref)
      save_device(*it, make_device(ref));
  ASSERT_TRUE(it->append(make_append(1, devices - 1)));
  it->start(events, events);
  ASSERT_TRUE(answered(1));
  EXPECT_EQ(it->counters().commits_total, 1U);
  ASSERT_TRUE(it->close(std::chrono::steady_clock::now() + seconds{20}));
  box.drain();
  EXPECT_LE(it->counters().commits_total, 2 + devices / options.batch_rows);
  it.reset();
  open();
  EXPECT_EQ(image.devices.size(), devices);
  EXPECT_EQ(next_number(), devices);
  EXPECT_EQ(image.waiting.size(), 1U);
}

TEST_F(store_test, many_assignments_are_stored_in_parts) {
  constexpr std::uint32_t devices = 5'000;
  open();
  for (std::uint32_t ref = 0; ref < devices; ++ref) {
    save_device(*it, make_device(ref)); // first: a commit may fall between the two
    save_assignment(*it, device_ref{ref}, make_assignment(ref));
  }
  reopen();
  ASSERT_EQ(image.assignments.size(), devices);
  for (const auto& one : image.assignments)
    ASSERT_EQ(one, assignment_of(one.key));
}

// A crash between the two files gave a device the identity of the one that had had its name before.
TEST_F(store_test, a_forgotten_assignment_is_gone_from_disk_before_what_is_stored_after_it) {
  options.mark_delay = std::chrono::hours{1};
  open();
  for (std::uint32_t ref : {0U, 1U}) {
    save_device(*it, make_device(ref));
    save_assignment(*it, device_ref{ref}, make_assignment(ref));
  }
  reopen();
  forget_assignment(*it, device_ref{0});
  save_device(*it, make_device(0));
  forget_device(*it, device_ref{1}, make_device(1).key);
  ASSERT_TRUE(it->append(make_append(1)));
  ASSERT_TRUE(answered(1));
  const auto crashed = directory.path() / "crashed";
  std::filesystem::copy(options.directory, crashed);
  auto opened = store::open({.directory = crashed}, clock, [](const std::function<void()>&) {});
  ASSERT_TRUE(opened);
  const auto loaded = (*opened)->load();
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->waiting.size(), 1U);
  EXPECT_EQ(loaded->devices.size(), 1U);
  EXPECT_TRUE(loaded->assignments.empty());
}

TEST_F(store_test, can_be_looked_at_without_being_started) {
  open();
  save_device(*it, make_device(0));
  save_assignment(*it, device_ref{0}, make_assignment(0));
  ASSERT_TRUE(it->append(make_append(1)));
  ASSERT_TRUE(answered(1));
  close();
  for (int times = 0; times < 2; ++times) {
    auto opened = store::open(options, clock, [](const std::function<void()>&) {});
    ASSERT_TRUE(opened);
    auto loaded = (*opened)->load();
    ASSERT_TRUE(loaded);
    EXPECT_EQ(loaded->devices.size(), 1U);
    EXPECT_EQ(loaded->assignments.size(), 1U);
    EXPECT_EQ(loaded->waiting.size(), 1U);
  }
  open();
  EXPECT_EQ(image.waiting.size(), 1U);
}

TEST_F(store_test, what_is_posted_after_the_store_is_gone_does_nothing) {
  open();
  ASSERT_TRUE(it->append(make_append(1)));
  ASSERT_TRUE(it->close(std::chrono::steady_clock::now() + seconds{20}));
  it.reset();
  box.drain();
  EXPECT_EQ(events.answered(), 0U);
}

TEST_F(store_test, a_disk_without_room_refuses_then_heals) {
  options.max_pages = 40;
  open();
  std::vector<spool_seq> kept;
  spool_seq next = 1;
  while (events.refused.empty() && next < 1000) {
    ASSERT_TRUE(it->append(make_append(next++, 0, 3000)));
    ASSERT_TRUE(answered(next - 1));
  }
  ASSERT_EQ(events.refused.size(), 1U);
  EXPECT_EQ(events.refusals[0], errc::store_unavailable);
  EXPECT_EQ(events.faults, 1U);
  EXPECT_EQ(it->counters().waiting.messages, events.stored.size());
  EXPECT_EQ(it->counters().queued_messages, 0U);
  // A second refusal is the same episode.
  ASSERT_TRUE(it->append(make_append(next++, 0, 3000)));
  ASSERT_TRUE(box.run_until([&] { return events.refused.size() == 2; }));
  EXPECT_EQ(events.faults, 1U);
  for (const auto seq : events.stored)
    mark_done(*it, seq);
  ASSERT_TRUE(box.run_until([&] { return it->counters().erased_total == events.stored.size(); }));
  const auto last = next++;
  ASSERT_TRUE(it->append(make_append(last, 0, 3000)));
  ASSERT_TRUE(box.run_until([&] { return !events.stored.empty() && events.stored.back() == last; }));
  EXPECT_EQ(events.heals, 1U);
  reopen();
  EXPECT_EQ(seqs_of(image), (std::vector<spool_seq>{last}));
}

TEST_F(store_test, gives_the_disk_back_what_an_outage_has_taken) {
  options.upkeep_delay = milliseconds{20};
  options.upkeep_from = 64;
  open();
  save_device(*it, make_device(0));
  const auto size = [&] { return std::filesystem::file_size(options.directory / "spool.db"); };
  constexpr spool_seq messages = 3000;
  for (spool_seq seq = 1; seq <= messages; ++seq)
    ASSERT_TRUE(it->append(make_append(seq, 0, 3000)));
  ASSERT_TRUE(answered(messages));
  EXPECT_GT(size(), 8'000'000U);
  // In no order, so that what is left lies all over the file.
  for (spool_seq seq = 1; seq <= messages; ++seq)
    if (const auto one = 1 + seq * 7 % messages; one % 100 != 0) mark_done(*it, one);
  ASSERT_TRUE(box.run_until([&] { return size() < 1'000'000; })) << size();
  EXPECT_LT(it->counters().file_bytes, 1'000'000U);
  reopen();
  EXPECT_EQ(image.waiting.size(), messages / 100);
  it->read_back(seqs_of(image));
  ASSERT_TRUE(box.run_until([&] { return events.reads == 1; }));
  EXPECT_EQ(events.rows.size(), messages / 100);
}

TEST_F(store_test, what_cannot_be_written_by_the_deadline_is_answered_and_reported) {
  options.max_pages = 40;
  open();
  for (spool_seq seq = 1; events.refused.empty(); ++seq) {
    ASSERT_LT(seq, 1000U);
    ASSERT_TRUE(it->append(make_append(seq, 0, 3000)));
    ASSERT_TRUE(answered(seq));
  }
  bury(*it, 1, error{errc::message_too_large, std::string(200'000, 'x')});
  auto closed = it->close(std::chrono::steady_clock::now());
  ASSERT_FALSE(closed);
  EXPECT_EQ(closed.fault().code(), errc::store_unavailable);
}

} // namespace
} // namespace causeway::store
