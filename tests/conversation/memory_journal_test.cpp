// SPDX-License-Identifier: Apache-2.0
// The journal of several processes keeps its word; else what the gateways do on it proves nothing.
#include "conversation/memory_journal.h"

#include "store/store_fixture.h"

#include <gtest/gtest.h>

namespace causeway::conversation {
namespace {

using namespace std::chrono_literals;
using model::append_id;
using model::shard_number;

const model::device_key sensor{application_id{"plant"}, device_id{"sensor-1"}};
constexpr model::kept_key first_key{'u', 1}, second_key{'u', 2};
constexpr device_ref its_ref{7};

struct listener final : model::journal_events {
  std::vector<append_id> stored, refused;
  std::vector<model::fresh_row> rows;
  std::vector<spool_seq> read, gone;

  void on_appended(const std::vector<model::appended>& what, moment) override {
    for (const auto& one : what)
      (one.outcome ? stored : refused).push_back(one.id);
  }
  void on_rows(std::vector<model::fresh_row> more, moment) override {
    for (auto& row : more)
      rows.push_back(std::move(row));
  }
  void on_read_back(std::vector<model::spool_row> back, const std::vector<spool_seq>& without,
                    moment) override {
    for (const auto& row : back)
      read.push_back(row.seq);
    gone.insert(gone.end(), without.begin(), without.end());
  }
  void on_dead_letters_counted(const model::dead_letter_amounts&) override {}
};

class shared_journal : public ::testing::Test {
protected:
  shared_journal() {
    one.answer_to(&at_one);
    other.answer_to(&at_other);
    journal.give(shard, one);
  }
  void run_for(milliseconds time) {
    for (const auto end = clock.now().mono + time; clock.now().mono <= end; clock.advance(1ms))
      while (journal.step() || one.step() || other.step()) {
      }
  }
  static model::append_request request(std::uint64_t id, std::optional<device_ref> device,
                                       const model::kept_key& key, std::size_t messages = 1) {
    model::append_request made;
    made.id = append_id{id};
    made.device = device;
    made.key = key;
    made.messages.resize(messages);
    made.from = sensor;
    made.dev_eui = 0x70B3D52DD6000001;
    return made;
  }
  void done(memory_journal::member& by, std::vector<spool_seq> rows) {
    model::change what;
    what.done = std::move(rows);
    by.commit(std::move(what));
  }

  manual_clock clock;
  memory_journal journal{clock, 4};
  listener at_one, at_other;
  memory_journal::member one{journal}, other{journal};
  const shard_number shard = journal.shard_of(sensor);
};

TEST_F(shared_journal, tells_the_owner_whose_each_row_is_and_which_it_has_appended_itself) {
  ASSERT_TRUE(one.append(request(1, its_ref, first_key)));
  ASSERT_TRUE(other.append(request(1, std::nullopt, second_key, 2)));
  run_for(20ms);
  EXPECT_EQ(at_one.stored, std::vector{append_id{1}});
  EXPECT_EQ(at_other.stored, std::vector{append_id{1}});
  EXPECT_TRUE(at_other.rows.empty());
  ASSERT_EQ(at_one.rows.size(), 3u);
  const auto& own = at_one.rows[0];
  EXPECT_EQ(own.by, append_id{1});
  EXPECT_EQ(own.key, first_key);
  ASSERT_NE(own.owner, nullptr);
  EXPECT_EQ(own.owner->key, sensor);
  for (const std::size_t part : {1, 2}) {
    const auto& row = at_one.rows[part];
    EXPECT_EQ(row.seq, part + 1);
    EXPECT_EQ(row.by, append_id{});
    ASSERT_NE(row.owner, nullptr);
    EXPECT_EQ(row.owner->key, sensor);
    EXPECT_EQ(row.owner->dev_eui, 0x70B3D52DD6000001u);
    EXPECT_EQ(row.owner->goes_on, part == 2);
    EXPECT_EQ(row.key.has_value(), part == 1);
  }
  const auto image = journal.image_of(shard);
  ASSERT_EQ(image.devices.size(), 1u);
  EXPECT_EQ(image.devices[0].dev_eui, dev_eui{"70B3D52DD6000001"});
  EXPECT_EQ(image.waiting.size(), 3u);
  EXPECT_TRUE(image.recent_keys.empty()) << "nothing is done";
  ASSERT_EQ(image.row_keys.size(), 2u);
  EXPECT_EQ(image.row_keys[0].seq, 1u);
  EXPECT_EQ(image.row_keys[0].key, first_key);
  EXPECT_EQ(image.row_keys[0].rows, 1u);
  EXPECT_EQ(image.row_keys[1].seq, 2u);
  EXPECT_EQ(image.row_keys[1].key, second_key);
  EXPECT_EQ(image.row_keys[1].rows, 2u);
}

TEST_F(shared_journal, has_each_row_in_the_image_or_tells_it_and_never_both) {
  ASSERT_TRUE(other.append(request(1, std::nullopt, first_key)));
  clock.advance(0ms);
  other.step();
  clock.advance(5ms);
  journal.step(); // durable, and the owner has not heard of it
  const auto image = journal.give(shard, other);
  EXPECT_EQ(image.waiting.size(), 1u);
  run_for(20ms);
  EXPECT_TRUE(at_one.rows.empty());
  EXPECT_TRUE(at_other.rows.empty());
  // What its former owner appends as its own is another's now, and nobody has looked at it.
  ASSERT_TRUE(one.append(request(1, its_ref, second_key)));
  run_for(20ms);
  EXPECT_TRUE(at_one.rows.empty());
  ASSERT_EQ(at_other.rows.size(), 1u);
  EXPECT_NE(at_other.rows[0].owner, nullptr);
  EXPECT_EQ(at_other.rows[0].by, append_id{});
}

TEST_F(shared_journal, drops_what_a_former_owner_writes_even_when_it_owns_the_shard_again) {
  ASSERT_TRUE(one.append(request(1, its_ref, first_key)));
  run_for(20ms);
  done(one, {1});
  journal.give(shard, other);
  journal.give(shard, one);
  run_for(50ms);
  EXPECT_EQ(journal.waiting_rows(), 1u);
  EXPECT_EQ(journal.dropped(), 1u);
  done(one, {1});
  run_for(50ms);
  EXPECT_EQ(journal.waiting_rows(), 0u);
  EXPECT_TRUE(journal.faults().empty());
  done(one, {1}); // twice
  run_for(50ms);
  EXPECT_EQ(journal.faults().size(), 1u);
  other.give_up(shard);
  done(other, {1}); // by one that knows that it has not got it
  run_for(50ms);
  EXPECT_EQ(journal.faults().size(), 2u);
  EXPECT_EQ(journal.dropped(), 1u);
}

TEST_F(shared_journal, gives_a_released_shard_up_behind_all_that_was_said_before) {
  ASSERT_TRUE(one.append(request(1, its_ref, first_key)));
  model::change what;
  what.devices.push_back({its_ref, sensor, dev_eui{"70B3D52DD6000001"}});
  what.assignments.push_back(
      {its_ref, model::assignment{hub_host{"hub"}, identity{"sensor-1"}, {}, {}, {}}, sensor});
  one.commit(what);
  model::change last;
  last.released.push_back(shard);
  one.commit(last);
  ASSERT_TRUE(one.append(request(2, std::nullopt, second_key)));
  run_for(20ms);
  EXPECT_TRUE(journal.is_free(shard));
  EXPECT_EQ(at_one.stored.size(), 2u);
  EXPECT_TRUE(at_one.rows.empty());
  const auto image = journal.give(shard, other);
  EXPECT_EQ(image.waiting.size(), 2u);
  EXPECT_EQ(image.assignments.size(), 1u);
  EXPECT_TRUE(image.recent_keys.empty());
  EXPECT_EQ(image.row_keys.size(), 2u);
  EXPECT_EQ(journal.dropped(), 0u);
  EXPECT_TRUE(journal.faults().empty());
}

// Its next owner would take the first for a copy of itself.
TEST_F(shared_journal, keeps_no_key_of_a_dropped_copy_while_the_first_waits) {
  ASSERT_TRUE(other.append(request(1, std::nullopt, first_key)));
  ASSERT_TRUE(other.append(request(2, std::nullopt, first_key)));
  run_for(20ms);
  done(one, {2});
  run_for(50ms);
  auto image = journal.image_of(shard);
  EXPECT_TRUE(image.recent_keys.empty());
  EXPECT_EQ(image.row_keys.size(), 1u);
  done(one, {1});
  run_for(50ms);
  image = journal.image_of(shard);
  EXPECT_EQ(image.recent_keys.size(), 1u);
  EXPECT_TRUE(image.row_keys.empty());
}

TEST_F(shared_journal, loses_what_a_dead_member_had_not_committed) {
  {
    memory_journal::member mortal{journal};
    listener nobody;
    mortal.answer_to(&nobody);
    journal.give(shard, mortal);
    ASSERT_TRUE(mortal.append(request(1, its_ref, first_key)));
    mortal.step();
    mortal.finish_commit();
    ASSERT_TRUE(mortal.append(request(2, its_ref, second_key)));
  }
  EXPECT_TRUE(journal.is_free(shard));
  EXPECT_EQ(journal.waiting_rows(), 1u);
  EXPECT_FALSE(journal.deadline());
}

TEST_F(shared_journal, keeps_commands_for_the_owner_of_their_shard_alone) {
  const auto with_commands = [&](std::uint64_t id, const char* content, std::size_t messages = 0) {
    auto made = request(id, its_ref, model::kept_key{'d', id}, messages);
    made.commands.push_back({model::command_id{"c"}, sensor, content});
    return made;
  };
  ASSERT_TRUE(one.append(with_commands(1, "pushing")));
  ASSERT_TRUE(one.append(with_commands(2, "queued", 1)));
  run_for(20ms);
  EXPECT_EQ(at_one.stored, (std::vector{append_id{1}, append_id{2}}));
  ASSERT_EQ(at_one.rows.size(), 1u);
  EXPECT_EQ(at_one.rows[0].seq, 1u);
  ASSERT_EQ(journal.image_of(shard).commands.size(), 1u);
  // Its next owner has it as it stood; what the former one says of it is nothing, with all that is beside it.
  ASSERT_TRUE(one.append(with_commands(3, "sent", 1)));
  const auto image = journal.give(shard, other);
  ASSERT_EQ(image.commands.size(), 1u);
  EXPECT_EQ(image.commands[0].content, "queued");
  run_for(20ms);
  EXPECT_EQ(at_one.refused, std::vector{append_id{3}});
  EXPECT_EQ(journal.image_of(shard).commands, image.commands);
  EXPECT_EQ(journal.waiting_rows(), 1u);
  EXPECT_EQ(journal.dropped(), 1u);
  model::change word;
  word.forgotten_commands = {model::command_id{"c"}, model::command_id{"nobody's"}};
  one.commit(word);
  run_for(20ms);
  EXPECT_EQ(journal.dropped(), 2u);
  EXPECT_EQ(journal.image_of(shard).commands.size(), 1u);
  EXPECT_TRUE(journal.faults().empty());
  other.commit(word);
  one.give_up(shard);
  ASSERT_TRUE(one.append(with_commands(4, "sent")));
  run_for(20ms);
  EXPECT_TRUE(journal.image_of(shard).commands.empty());
  EXPECT_EQ(journal.faults().size(), 1u);
}

// What one process does with either of them has the same end.
class beside_the_store : public store::store_fixture {
protected:
  beside_the_store() {
    member.answer_to(&listens);
    journal.give(shard_number{0}, member);
  }
  void run() {
    for (const auto end = clock.now().mono + 200ms; clock.now().mono <= end; clock.advance(1ms)) {
      while (journal.step() || member.step()) {
      }
      box.drain();
      while (it->step(clock.now())) {
      }
    }
    box.drain();
  }
  void both(const model::append_request& request) {
    ASSERT_TRUE(it->append(request));
    ASSERT_TRUE(member.append(request));
  }
  void both(const model::change& what) {
    it->commit(what);
    member.commit(what);
  }
  void expect_alike() {
    run();
    const auto numbers = [](const std::vector<append_id>& from) {
      std::vector<spool_seq> made;
      made.reserve(from.size());
      for (const auto one : from)
        made.push_back(static_cast<spool_seq>(one));
      return made;
    };
    EXPECT_EQ(numbers(listens.stored), events.stored);
    EXPECT_EQ(numbers(listens.refused), events.refused);
    ASSERT_EQ(listens.rows.size(), events.fresh.size());
    for (std::size_t i = 0; i < events.fresh.size(); ++i) {
      EXPECT_EQ(listens.rows[i].seq, events.fresh[i].seq);
      EXPECT_EQ(listens.rows[i].by, events.fresh[i].by);
    }
    const auto mine = journal.image_of(shard_number{0});
    it.reset(); // a crash
    load();
    listens.stored.clear();
    listens.refused.clear();
    listens.rows.clear();
    it->start_by_hand(events, events);
    EXPECT_EQ(image.commands, mine.commands);
    EXPECT_EQ(store::seqs_of(image), store::seqs_of(mine));
    EXPECT_EQ(image.next_seq, mine.next_seq);
  }

  memory_journal journal{clock, 1};
  listener listens;
  memory_journal::member member{journal};
};

TEST_F(beside_the_store, commands_are_kept_ordered_replaced_and_forgotten_alike) {
  using store::make_append;
  using store::make_command;
  using store::make_commands;
  open_by_hand();
  both(make_commands(1, {make_command("b", "stored"), make_command("a", "stored")}));
  auto report = make_append(2);
  report.commands = {make_command("b", "queued")};
  both(report);
  both(make_append(3));
  expect_alike();
  auto next = make_append(4);
  next.commands = {make_command("b", "sent"), make_command("c", "stored")};
  both(next);
  model::change what;
  what.forgotten_commands = {model::command_id{"a"}, model::command_id{"nobody's"}};
  both(what);
  both(make_commands(5, {make_command("a", "stored anew")}));
  auto gone = make_commands(6, {make_command("d", "stored")});
  gone.replays = 77;
  both(gone);
  expect_alike();
  EXPECT_EQ(image.commands.size(), 3u);
  EXPECT_EQ(image.waiting.size(), 3u);
  auto alone = make_commands(7, {make_command("b", "acknowledged")});
  both(alone);
  what = {};
  what.done = {1, 2, 3};
  what.forgotten_commands = {model::command_id{"c"}};
  both(what);
  expect_alike();
  EXPECT_EQ(image.commands.size(), 2u);
  EXPECT_TRUE(image.waiting.empty());
  EXPECT_TRUE(journal.faults().empty());
}

TEST_F(shared_journal, reads_back_what_is_there_and_says_what_is_gone) {
  ASSERT_TRUE(one.append(request(1, its_ref, first_key, 6)));
  run_for(20ms);
  done(one, {1});
  run_for(50ms);
  one.read_back({1, 2, 3, 4, 5, 6});
  run_for(10ms);
  EXPECT_EQ(at_one.gone, std::vector<spool_seq>{1});
  EXPECT_EQ(at_one.read, (std::vector<spool_seq>{2, 3, 4, 5})); // the last one has to be asked for again
}

} // namespace
} // namespace causeway::conversation
