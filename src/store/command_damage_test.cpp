// SPDX-License-Identifier: Apache-2.0
// What a disk may do to the ledger: a damaged command is lost alone and told, none is taken for another's,
// and none comes back as it was before.
#include "store/migrations.h"
#include "store/opening.h"
#include "store/salvage.h"
#include "store/store_fixture.h"

#include <sqlite3.h>

#include <algorithm>

namespace causeway::store {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t page_bytes = 4096;
constexpr std::uint32_t kept_commands = 12; // on one page

std::string name_of(std::uint32_t which) {
  return "c" + std::to_string(which);
}

class command_damage : public store_fixture {
protected:
  static model::kept_command as_last(std::uint32_t which) {
    return make_command(name_of(which), "content " + std::to_string(which) + std::string(40, 'x'), which % 3);
  }
  // Each kept twice, folded into the file; `before`: the file when they had been kept once.
  void fill() {
    open();
    for (std::uint32_t ref = 0; ref < 3; ++ref)
      save_device(*it, make_device(ref));
    keep(1, "former");
    close();
    before = contents(file("spool.db"));
    open();
    keep(1, "content");
    close();
    kept = directory.path() / "kept";
    fs::copy(options.directory, kept);
  }
  void keep(std::uint64_t id, const std::string& word) {
    auto request = make_append(id, 0);
    for (std::uint32_t which = 1; which <= kept_commands; ++which) {
      request.commands.push_back(as_last(which));
      request.commands.back().content.replace(0, 7, word);
    }
    ASSERT_TRUE(it->append(std::move(request)));
    ASSERT_TRUE(answered(1));
  }
  void restore() {
    it.reset();
    box.drain();
    fs::remove_all(options.directory);
    fs::copy(kept, options.directory);
  }
  std::size_t root_of(const char* table) const {
    auto look = database::open_to_look(file("spool.db"));
    EXPECT_TRUE(look);
    const auto page =
        look->integer("SELECT rootpage FROM sqlite_schema WHERE name = '" + std::string{table} + "'");
    EXPECT_TRUE(page);
    return static_cast<std::size_t>(*page);
  }
  void put_page(std::size_t number, std::string_view page) const {
    auto bytes = contents(file("spool.db"));
    bytes.replace((number - 1) * page_bytes, page_bytes, page);
    overwrite(file("spool.db"), bytes);
  }
  // Whole ones are there as they were last, in their order; so many are lost, and the next start says
  // nothing.
  void expect_lost(const std::vector<std::uint32_t>& lost, const std::vector<std::uint32_t>& forgotten = {}) {
    const auto is_in = [](const std::vector<std::uint32_t>& all, std::uint32_t which) {
      return std::find(all.begin(), all.end(), which) != all.end();
    };
    std::vector<model::kept_command> expected;
    for (std::uint32_t which = 1; which <= kept_commands; ++which)
      if (!is_in(lost, which) && !is_in(forgotten, which)) expected.push_back(as_last(which));
    open();
    EXPECT_EQ(image.commands, expected);
    EXPECT_EQ(image.waiting.size(), 2U);
    EXPECT_EQ(image.devices.size(), 3U);
    EXPECT_EQ(it->counters().missing, 0U);
    EXPECT_FALSE(it->counters().missing_unknown);
    EXPECT_EQ(it->counters().missing_commands, lost.size());
    EXPECT_EQ(kept_aside(file("spool.db")), 1);
    ASSERT_TRUE(it->append(make_commands(9, {make_command("next", "1")})));
    ASSERT_TRUE(answered(1));
    reopen();
    expected.push_back(make_command("next", "1"));
    EXPECT_EQ(image.commands, expected);
    EXPECT_EQ(it->counters().missing_commands, 0U) << "told once";
    EXPECT_EQ(kept_aside(file("spool.db")), 1);
  }
  fs::path file(const char* name) const { return options.directory / name; }

  fs::path kept;
  std::string before;
};

TEST_F(command_damage, a_whole_ledger_has_no_faults) {
  fill();
  const auto found = survey::make(file("spool.db"));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->findings().faults(), std::vector<std::string>{});
  EXPECT_EQ(found->findings().commands, kept_commands);
  EXPECT_EQ(look_as_a_start(file("spool.db")), "");
  open();
  EXPECT_EQ(kept_aside(file("spool.db")), 0);
  EXPECT_EQ(it->counters().missing_commands, 0U);
}

TEST_F(command_damage, a_row_that_was_changed_is_lost_alone_and_never_anothers) {
  fill();
  for (const char* change :
       {"UPDATE command SET id = 'c99' WHERE n = 7", "UPDATE command SET application = 'other' WHERE n = 7",
        "UPDATE command SET device = 'meter-2' WHERE n = 7",
        "UPDATE command SET content = (SELECT content FROM command WHERE n = 4) WHERE n = 7",
        "UPDATE command SET content = x'00' WHERE n = 7", "UPDATE command SET content = 5 WHERE n = 7",
        "UPDATE command SET revision = 9 WHERE n = 7", "UPDATE command SET digest = digest + 1 WHERE n = 7",
        "UPDATE command SET n = 30 WHERE n = 7", "DELETE FROM command WHERE n = 7"}) {
    SCOPED_TRACE(change);
    restore();
    alter_spool(file("spool.db"), change);
    EXPECT_NE(look_as_a_start(file("spool.db")), "");
    const auto found = survey::make(file("spool.db"));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->findings().lost_commands, 1U);
    EXPECT_EQ(found->findings().commands, kept_commands - 1);
    EXPECT_TRUE(found->findings().damaged());
    expect_lost({7});
  }
}

TEST_F(command_damage, a_byte_of_the_content_costs_that_command) {
  fill();
  auto bytes = contents(file("spool.db"));
  const auto at = bytes.find("content 12x");
  ASSERT_NE(at, std::string::npos);
  bytes[at + 20] ^= 1;
  overwrite(file("spool.db"), bytes);
  expect_lost({12});
}

TEST_F(command_damage, without_the_tally_nobody_can_tell_but_of_whole_pages) {
  fill();
  alter_spool(file("spool.db"), "UPDATE tally SET commands = 5");
  open();
  EXPECT_EQ(image.commands.size(), kept_commands);
  EXPECT_EQ(it->counters().missing_commands, 0U);
  it.reset();
  restore();
  alter_spool(file("spool.db"), "UPDATE tally SET commands = 5; UPDATE command SET revision = 7 WHERE n = 3");
  const auto found = survey::make(file("spool.db"));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->findings().lost_commands, std::nullopt);
  open();
  EXPECT_EQ(image.commands.size(), kept_commands - 1);
  EXPECT_TRUE(it->counters().missing_unknown);
}

// A command that the index does not know would be kept a second time, and pushed a second time.
TEST_F(command_damage, an_index_that_is_older_or_gone_costs_nothing) {
  fill();
  const auto index = root_of("command_id");
  for (const bool gone : {false, true}) {
    restore();
    open();
    ASSERT_TRUE(it->append(make_commands(5, {make_command("late", "1")})));
    ASSERT_TRUE(answered(1));
    close();
    put_page(index, gone ? std::string(page_bytes, '\0')
                         : contents(kept / "spool.db").substr((index - 1) * page_bytes, page_bytes));
    EXPECT_NE(look_as_a_start(file("spool.db")), "");
    open();
    ASSERT_EQ(image.commands.size(), kept_commands + 1);
    EXPECT_EQ(image.commands.back(), make_command("late", "1"));
    EXPECT_EQ(it->counters().missing_commands, 0U);
    EXPECT_EQ(kept_aside(file("spool.db")), 1);
    ASSERT_TRUE(it->append(make_commands(6, {make_command("late", "2")})));
    ASSERT_TRUE(answered(1));
    reopen();
    ASSERT_EQ(image.commands.size(), kept_commands + 1);
    EXPECT_EQ(image.commands.back(), make_command("late", "2"));
  }
}

// A page as it was before, at a place where it does not belong: by an older row a command that was pushed
// would be pushed again.
TEST_F(command_damage, an_older_copy_of_a_row_is_never_taken_for_the_command) {
  fill();
  const auto table = root_of("command");
  const auto leaf = before.substr((table - 1) * page_bytes, page_bytes);
  ASSERT_NE(leaf.find("former"), std::string::npos);
  for (const char* over : {"cursor", "dead_letter_sum", "open_time"}) {
    SCOPED_TRACE(over);
    restore();
    put_page(root_of(over), leaf);
    expect_lost({});
  }
  // One that was forgotten since does not come back either: the tally knows how many there are.
  restore();
  open();
  forget_commands(*it, {"c3", "c5"});
  close();
  put_page(root_of("cursor"), leaf);
  expect_lost({}, {3, 5});
}

// By the running gateway: what the index leads to is not the command's.
TEST_F(command_damage, a_row_that_is_anothers_is_not_written_over) {
  fill();
  // The index names c4's row for c7: their numbers are changed in it, and the row's own table is left alone.
  auto bytes = contents(file("spool.db"));
  const auto index = (root_of("command_id") - 1) * page_bytes;
  const auto at = bytes.find("c7", index);
  ASSERT_NE(at, std::string::npos);
  ASSERT_LT(at, index + page_bytes);
  ASSERT_EQ(bytes[at + 2], 7);
  bytes[at + 2] = 4;
  overwrite(file("spool.db"), bytes);
  open();
  ASSERT_EQ(kept_aside(file("spool.db")), 0) << "as many as there should be: a start finds nothing";
  ASSERT_TRUE(it->append(make_commands(5, {make_command("c7", "last", 1)})));
  ASSERT_TRUE(answered(1));
  EXPECT_EQ(events.stored, std::vector<spool_seq>{5});
  EXPECT_EQ(kept_aside(file("spool.db")), 1) << "mended";
  reopen();
  ASSERT_EQ(image.commands.size(), kept_commands);
  EXPECT_EQ(image.commands[3], as_last(4));
  EXPECT_EQ(image.commands[6], make_command("c7", "last", 1));
}

} // namespace
} // namespace causeway::store
