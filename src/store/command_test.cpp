// SPDX-License-Identifier: Apache-2.0
// The ledger's commands: kept with what comes beside them, in the order in which they first came.
#include "store/store_fixture.h"

namespace causeway::store {
namespace {

using commands = std::vector<model::kept_command>;

class command_test : public store_fixture {
protected:
  // With the device whose messages are appended.
  void open_by_hand() {
    store_fixture::open_by_hand();
    save_device(*it, make_device(0));
  }
  void step_all() {
    box.drain(); // the end of a turn
    while (it->step(clock.now())) {
    }
    box.drain();
  }
};

TEST_F(command_test, come_back_as_they_were_last_in_the_order_in_which_they_were_first_kept) {
  open();
  ASSERT_TRUE(it->append(make_commands(1, {make_command("c", "1", 2), make_command("a", "1", 1)})));
  ASSERT_TRUE(it->append(make_commands(2, {make_command("b", std::string{"\0of bytes", 9}, 3)})));
  ASSERT_TRUE(it->append(make_commands(3, {make_command("c", std::string(9000, 'x'), 2)})));
  ASSERT_TRUE(answered(3));
  reopen();
  const commands expected{make_command("c", std::string(9000, 'x'), 2), make_command("a", "1", 1),
                          make_command("b", std::string{"\0of bytes", 9}, 3)};
  EXPECT_EQ(image.commands, expected);
  ASSERT_TRUE(it->append(make_commands(4, {make_command("0", ""), make_command("a", "2", 1)})));
  ASSERT_TRUE(answered(1));
  reopen();
  ASSERT_EQ(image.commands.size(), 4U);
  EXPECT_EQ(image.commands[1], make_command("a", "2", 1));
  EXPECT_EQ(image.commands[3], make_command("0", ""));
}

TEST_F(command_test, alone_have_no_row_and_no_number_and_are_answered) {
  open_by_hand();
  ASSERT_TRUE(it->append(make_commands(1, {make_command("a", "1")})));
  ASSERT_TRUE(it->append(make_append(2)));
  ASSERT_TRUE(it->append(make_commands(3, {make_command("a", "2"), make_command("b", "1")})));
  EXPECT_EQ(it->counters().waiting.messages, 1U);
  EXPECT_EQ(it->counters().queued_messages, 4U) << "what waits for the disk is bounded";
  step_all();
  EXPECT_EQ(events.stored, (std::vector<spool_seq>{1, 2, 3}));
  ASSERT_EQ(events.fresh.size(), 1U);
  EXPECT_EQ(events.fresh[0].seq, 1U);
  EXPECT_EQ(events.fresh[0].by, model::append_id{2});
  EXPECT_EQ(it->counters().queued_messages, 0U);
  EXPECT_EQ(it->counters().queued_bytes, 0U);
  EXPECT_EQ(it->counters().appended_total, 1U);
  EXPECT_EQ(it->counters().refused_total, 0U);
  EXPECT_EQ(it->counters().waiting.messages, 1U);
  it.reset();
  load();
  EXPECT_EQ(image.next_seq, 2U);
  EXPECT_EQ(image.commands, (commands{make_command("a", "2"), make_command("b", "1")}));
}

TEST_F(command_test, of_a_device_that_is_not_there_any_more_are_kept_all_the_same) {
  open_by_hand();
  auto request = make_commands(1, {make_command("a", "acknowledged")});
  request.device.reset();
  ASSERT_TRUE(it->append(std::move(request)));
  step_all();
  it.reset();
  load();
  EXPECT_EQ(image.commands, commands{make_command("a", "acknowledged")});
}

TEST_F(command_test, alone_keep_the_key_of_their_event) {
  open_by_hand();
  auto request = make_commands(1, {make_command("a", "sent")});
  request.key = model::kept_key{'d', 5};
  ASSERT_TRUE(it->append(std::move(request)));
  step_all();
  EXPECT_TRUE(events.fresh.empty());
  it.reset();
  load();
  EXPECT_EQ(image.recent_keys, (std::vector<model::start_image::recent_key>{{device_ref{0}, {'d', 5}}}));
}

// What is told of an append was kept by its first number, which the next one has as well.
TEST_F(command_test, are_answered_for_themselves_beside_an_append_of_the_same_number) {
  open_by_hand();
  auto gone = make_commands(1, {make_command("a", "1")});
  gone.replays = 77;
  ASSERT_TRUE(it->append(std::move(gone)));
  ASSERT_TRUE(it->append(make_commands(2, {make_command("b", "1")})));
  ASSERT_TRUE(it->append(make_refused(3, "raw", error{errc::format_refused})));
  step_all();
  EXPECT_EQ(events.refused, std::vector<spool_seq>{1});
  EXPECT_EQ(events.refusals, std::vector<errc>{errc::not_found});
  EXPECT_EQ(events.last_results.at(2).letters, amount{});
  EXPECT_EQ(events.last_results.at(3).letters, (amount{1, 3}));
  it.reset();
  load();
  EXPECT_EQ(image.commands, commands{make_command("b", "1")}) << "what is not stored has no commands";
}

TEST_F(command_test, come_with_messages_and_with_a_refused_event) {
  open();
  save_device(*it, make_device(0));
  auto with_message = make_append(1);
  with_message.commands = {make_command("a", "sent")};
  auto with_event = make_refused(2, "raw", error{errc::format_refused});
  with_event.commands = {make_command("b", "failed")};
  ASSERT_TRUE(it->append(std::move(with_message)));
  ASSERT_TRUE(it->append(std::move(with_event)));
  ASSERT_TRUE(answered(2));
  reopen();
  EXPECT_EQ(image.commands, (commands{make_command("a", "sent"), make_command("b", "failed")}));
  EXPECT_EQ(seqs_of(image), std::vector<spool_seq>{1});
  EXPECT_EQ(image.dead_letters.size(), 1U);
  EXPECT_EQ(image.next_seq, 3U);
}

TEST_F(command_test, that_are_forgotten_and_kept_again_are_what_was_said_last) {
  options.mark_delay = milliseconds{60'000};
  open_by_hand();
  ASSERT_TRUE(it->append(make_commands(1, {make_command("a", "1"), make_command("b", "1")})));
  step_all();
  forget_commands(*it, {"a", "nobody's"});
  ASSERT_TRUE(it->append(make_commands(2, {make_command("a", "2")})));
  ASSERT_TRUE(it->append(make_commands(3, {make_command("c", "1")})));
  forget_commands(*it, {"c"});
  step_all();
  it.reset(); // a crash: nothing of it waits for company
  load();
  EXPECT_EQ(image.commands, (commands{make_command("b", "1"), make_command("a", "2")}));
}

TEST_F(command_test, take_their_devices_record_along_and_outlive_it) {
  options.batch_rows = 1;
  open_by_hand();
  save_device(*it, make_device(0));
  save_device(*it, make_device(1));
  ASSERT_TRUE(it->append(make_commands(1, {make_command("a", "1", 1)}, 1)));
  ASSERT_TRUE(it->step(clock.now()));
  it.reset();
  load();
  bool is_there = false;
  for (const auto& one : image.devices)
    is_there = is_there || one.key == make_device(1).key;
  EXPECT_TRUE(is_there);
  it->start(events, events);
  const auto place = static_cast<std::uint32_t>(image.devices.size() - 1);
  forget_device(*it, device_ref{place}, make_device(1).key);
  reopen();
  EXPECT_EQ(image.commands, commands{make_command("a", "1", 1)});
}

TEST_F(command_test, say_nothing_of_the_last_row_of_a_former_device) {
  open_by_hand();
  save_device(*it, make_device(0));
  ASSERT_TRUE(it->append(make_append(1)));
  ASSERT_TRUE(it->append(make_commands(2, {make_command("a", "1")})));
  auto record = make_device(0);
  record.former_append = model::append_id{2};
  save_device(*it, record);
  step_all();
  it.reset();
  load();
  ASSERT_EQ(image.devices.size(), 1U);
  EXPECT_EQ(image.devices[0].former_until, 0U);
}

TEST_F(command_test, are_refused_where_the_queue_is_full) {
  options.queued_messages = 3;
  open_by_hand();
  ASSERT_TRUE(it->append(make_commands(1, {make_command("a", "1"), make_command("b", "1")})));
  ASSERT_TRUE(it->append(make_append(2)));
  const auto refused = it->append(make_commands(3, {make_command("c", "1")}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.fault().code(), errc::store_unavailable);
  step_all();
  EXPECT_TRUE(it->append(make_commands(4, {make_command("c", "1")})));
}

// Numbers of rows and of the order: neither is given twice.
TEST_F(command_test, that_were_kept_last_and_forgotten_leave_their_place_to_nobody) {
  open();
  ASSERT_TRUE(it->append(make_commands(1, {make_command("a", "1"), make_command("b", "1")})));
  ASSERT_TRUE(answered(1));
  forget_commands(*it, {"b"});
  reopen();
  ASSERT_TRUE(it->append(make_commands(1, {make_command("c", "1")})));
  ASSERT_TRUE(answered(1));
  close();
  auto look = database::open_to_look(options.directory / "spool.db");
  ASSERT_TRUE(look);
  EXPECT_EQ(*look->integer("SELECT n FROM command WHERE id = 'c'"), 3);
  EXPECT_EQ(*look->integer("SELECT commands FROM tally"), 2);
  EXPECT_EQ(*look->integer("SELECT next_command FROM tally"), 4);
}

} // namespace
} // namespace causeway::store
