// SPDX-License-Identifier: Apache-2.0
// Pages written to the wrong place, and files that another program has open: what a start makes of them.
#include "store/migrations.h"
#include "store/opening.h"
#include "store/salvage.h"
#include "store/store_fixture.h"

#include <sqlite3.h>

#include <fstream>
#include <set>

namespace causeway::store {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t page_bytes = 4096;
constexpr std::uint32_t devices = 7;
constexpr spool_seq messages = 60;
constexpr spool_seq letters = 6;
constexpr spool_seq commands = 12;

std::string body_of(spool_seq seq) {
  return "message " + std::to_string(seq) + std::string(300, 'x');
}

model::kept_command command_of(std::uint32_t number) {
  return make_command("command-" + std::to_string(number), "as of now", number % devices);
}

// Another program that reads the file.
class reader {
public:
  reader(const fs::path& file, const char* statements) {
    EXPECT_EQ(sqlite3_open_v2(file.c_str(), &raw_, SQLITE_OPEN_READWRITE, "unix"), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(raw_, statements, nullptr, nullptr, nullptr), SQLITE_OK);
  }
  ~reader() { sqlite3_close_v2(raw_); }
  reader(const reader&) = delete;
  reader& operator=(const reader&) = delete;

private:
  sqlite3* raw_ = nullptr;
};

class misdirected : public store_fixture {
protected:
  // Messages and dead letters, folded into the file.
  void fill(bool with_letters = true) {
    open();
    for (std::uint32_t ref = 0; ref < devices; ++ref)
      save_device(*it, make_device(ref));
    for (spool_seq seq = 1; seq <= messages; ++seq) {
      auto one = make_append(seq, static_cast<std::uint32_t>(seq % devices));
      one.messages[0].body = body_of(seq);
      one.key = model::kept_key{'u', seq};
      if (seq <= commands) one.commands = {command_of(static_cast<std::uint32_t>(seq))};
      ASSERT_TRUE(it->append(std::move(one)));
    }
    ASSERT_TRUE(answered(messages));
    for (spool_seq seq = messages + 1; with_letters && seq <= messages + letters; ++seq)
      ASSERT_TRUE(it->append(make_refused(seq, "{}", error{errc::format_refused, "why"})));
    ASSERT_TRUE(answered(messages + (with_letters ? letters : 0)));
    close();
    kept = directory.path() / "kept";
    fs::copy(options.directory, kept);
    sqlite3* raw = nullptr;
    ASSERT_EQ(sqlite3_open_v2(file("spool.db").c_str(), &raw, SQLITE_OPEN_READONLY, "unix"), SQLITE_OK);
    const auto note = [](void* into, int, char** values, char**) {
      (*static_cast<std::map<std::string, std::size_t>*>(into))[values[0]] = std::stoul(values[1]);
      return 0;
    };
    ASSERT_EQ(sqlite3_exec(raw, "SELECT name, rootpage FROM sqlite_schema WHERE rootpage > 0", note, &roots,
                           nullptr),
              SQLITE_OK);
    sqlite3_close_v2(raw);
    restore();
  }
  // The directory as fill left it.
  void restore() {
    it.reset();
    box.drain();
    fs::remove_all(options.directory);
    fs::copy(kept, options.directory);
  }
  // What a write to the wrong place leaves.
  void copy_page(const char* from, const char* over) {
    auto bytes = contents(file("spool.db"));
    bytes.replace((roots.at(over) - 1) * page_bytes, page_bytes,
                  bytes.substr((roots.at(from) - 1) * page_bytes, page_bytes));
    overwrite(file("spool.db"), bytes);
  }
  void zero_page(const char* table) {
    auto bytes = contents(file("spool.db"));
    bytes.replace((roots.at(table) - 1) * page_bytes, page_bytes, std::string(page_bytes, '\0'));
    overwrite(file("spool.db"), bytes);
  }
  // What a start would send, by seq; each is looked at.
  void take_all(std::set<spool_seq>& into) {
    for (const auto& row : image.waiting) {
      events.rows.clear();
      const auto before = events.reads;
      it->read_back({row.seq});
      ASSERT_TRUE(box.run_until([&] { return events.reads > before; }));
      for (const auto& read : events.rows) {
        ASSERT_EQ(read.body.body, body_of(read.seq));
        into.insert(read.seq);
      }
    }
  }
  // None is another's, and what is not there is told.
  void expect_commands() const {
    for (const auto& one : image.commands) {
      EXPECT_EQ(one, command_of(static_cast<std::uint32_t>(std::stoul(one.id.str().substr(8)))));
    }
    const auto there = image.commands.size();
    EXPECT_LE(there, commands);
    EXPECT_TRUE(there == commands || it->counters().missing_unknown ||
                there + it->counters().missing_commands == commands)
        << there << ' ' << it->counters().missing_commands;
  }
  fs::path file(const char* name) const { return options.directory / name; }

  fs::path kept;
  std::map<std::string, std::size_t> roots;
};

TEST_F(misdirected, a_file_that_another_program_reads_is_not_damaged) {
  fill();
  for (const char* name : {"spool.db", "assignments.db"}) {
    const auto before = contents(file(name));
    {
      const reader other{file(name), "BEGIN; SELECT count(*) FROM sqlite_schema"};
      const auto opened = store::open(options, clock, [](const std::function<void()>&) {});
      ASSERT_FALSE(opened);
      EXPECT_EQ(opened.fault().code(), errc::state_unusable);
      EXPECT_NE(opened.fault().detail().find(file(name).string()), std::string::npos);
      EXPECT_NE(opened.fault().detail().find("another program has the file open"), std::string::npos)
          << opened.fault().detail();
    }
    for (const char* other : {"spool.db", "assignments.db"})
      EXPECT_FALSE(fs::exists(file(other).string() + ".damaged-1")) << name;
    EXPECT_EQ(contents(file(name)), before);
    open();
    EXPECT_EQ(image.waiting.size(), messages);
    EXPECT_EQ(it->counters().missing, 0U);
    EXPECT_FALSE(it->counters().missing_unknown);
    close();
  }
}

// One bad page in a side table: the messages are whole, and so they are sent.
TEST_F(misdirected, rows_that_do_not_fit_their_table_never_end_the_mending) {
  fill();
  for (const char* over : {"dead_letter", "counter", "tally", "cursor", "open_time", "key_ring", "recent_key",
                           "dead_letter_sum", "dead_letter_key", "command", "command_id"})
    for (const char* from :
         {"spool", "counter", "tally", "device", "record", "dead_letter_sum", "recent_key", "command"}) {
      if (std::string_view{from} == over) continue;
      SCOPED_TRACE(std::string{from} + " over " + over);
      restore();
      copy_page(from, over);
      open();
      ASSERT_NE(it, nullptr);
      std::set<spool_seq> sent;
      take_all(sent);
      EXPECT_EQ(sent.size(), messages);
      // What is not known to be whole is told.
      const auto left = it->counters().dead_letters.messages;
      EXPECT_TRUE(left == letters || it->counters().missing_unknown ||
                  it->counters().missing + left == letters)
          << left << ' ' << it->counters().missing;
      expect_commands();
    }
}

// Leaves that are named twice are used once, by what their rows prove.
TEST_F(misdirected, leaves_that_two_tables_name_are_used_by_what_their_rows_prove) {
  fill();
  for (const char* over : {"device", "spool", "counter", "dead_letter", "tally", "command", "command_id"}) {
    SCOPED_TRACE(over);
    restore();
    copy_page("record", over);
    open();
    ASSERT_NE(it, nullptr);
    std::set<spool_seq> sent;
    take_all(sent);
    EXPECT_EQ(sent.size(), messages);
    expect_commands();
  }
}

TEST_F(misdirected, lost_dead_letters_are_missing_with_their_number_or_unknown) {
  fill();
  zero_page("dead_letter");
  open();
  EXPECT_EQ(it->counters().missing, letters);
  EXPECT_FALSE(it->counters().missing_unknown);
  reopen();
  EXPECT_EQ(it->counters().missing, 0U) << "told once";
  restore();
  zero_page("dead_letter");
  zero_page("dead_letter_sum");
  const auto both = survey::make(file("spool.db"));
  ASSERT_TRUE(both);
  EXPECT_EQ(both->findings().lost_letters, std::nullopt);
  open();
  EXPECT_TRUE(it->counters().missing_unknown);
  restore();
  zero_page("dead_letter_sum");
  open();
  EXPECT_EQ(it->counters().missing, 0U);
  EXPECT_FALSE(it->counters().missing_unknown);
  EXPECT_EQ(it->counters().dead_letters.messages, letters);
}

TEST_F(misdirected, another_tables_page_over_the_records_is_mended_and_all_is_sent) {
  fill();
  for (const char* from : {"spool", "device", "dead_letter", "recent_key", "tally", "command"}) {
    SCOPED_TRACE(from);
    restore();
    copy_page(from, "record");
    open();
    std::set<spool_seq> sent;
    take_all(sent);
    EXPECT_EQ(sent.size(), messages);
    EXPECT_EQ(it->counters().missing, 0U);
    EXPECT_EQ(it->counters().unreadable_total, 0U);
    EXPECT_EQ(kept_aside(file("spool.db")), 1);
  }
}

// The start has read other records; a running gateway meets it.
TEST_F(misdirected, what_is_no_record_at_all_is_mended_by_the_running_gateway_once) {
  fill();
  alter_spool(file("spool.db"), "UPDATE record SET message = 7 WHERE seq IN (10, 11);"
                                "DELETE FROM record WHERE seq = 12");
  open();
  EXPECT_EQ(image.waiting.size(), messages);
  EXPECT_EQ(kept_aside(file("spool.db")), 0);
  std::set<spool_seq> sent;
  take_all(sent);
  EXPECT_EQ(sent.size(), messages - 3);
  EXPECT_EQ(it->counters().missing, 3U);
  EXPECT_EQ(kept_aside(file("spool.db")), 1);
}

// Of a record that is ours and whose checksum fails there is no more to find.
TEST_F(misdirected, a_record_that_fails_its_checksum_alone_is_no_reason_to_mend) {
  fill(false);
  auto bytes = contents(file("spool.db"));
  const auto at = bytes.find("message 25x");
  ASSERT_NE(at, std::string::npos);
  bytes[at + 100] ^= 1;
  overwrite(file("spool.db"), bytes);
  open();
  std::set<spool_seq> sent;
  take_all(sent);
  EXPECT_EQ(sent.size(), messages - 1);
  EXPECT_EQ(it->counters().unreadable_total, 1U);
  EXPECT_EQ(kept_aside(file("spool.db")), 0);
}

TEST_F(misdirected, who_checks_finds_what_a_start_would_find_and_changes_nothing) {
  fill();
  EXPECT_EQ(look_as_a_start(file("spool.db")), "");
  const auto finds = [&](const std::string& what) {
    SCOPED_TRACE(what);
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator{options.directory})
      names.insert(entry.path().filename());
    const auto before = contents(file("spool.db"));
    EXPECT_NE(look_as_a_start(file("spool.db")), "");
    EXPECT_EQ(contents(file("spool.db")), before);
    for (const auto& entry : fs::directory_iterator{options.directory})
      EXPECT_TRUE(names.contains(entry.path().filename())) << entry.path();
  };
  for (const auto& [from, from_root] : roots)
    for (const auto& [over, over_root] : roots) {
      if (from == over) continue;
      restore();
      copy_page(from.c_str(), over.c_str());
      auto detail = from;
      detail.append(" over ").append(over);
      const bool seen = !look_as_a_start(file("spool.db")).empty();
      const auto found = survey::make(file("spool.db"));
      ASSERT_TRUE(found);
      if (seen || found->findings().damaged()) continue;
      // Both say that it is good: then a start says so, too.
      SCOPED_TRACE(detail);
      open();
      EXPECT_EQ(kept_aside(file("spool.db")), 0);
      EXPECT_EQ(image.waiting.size(), messages);
      EXPECT_EQ(image.commands.size(), commands);
    }
  restore();
  auto bytes = contents(file("spool.db"));
  bytes[28] = 1; // more pages than there are, by the header
  overwrite(file("spool.db"), bytes);
  finds("the header");
  restore();
  copy_page("dead_letter_sum", "spool");
  finds("a page of another kind");
}

// What a mending has buried is no damage of the new file: else each `spool salvage` would make another one.
TEST_F(misdirected, what_is_left_of_a_damaged_record_is_no_damage_of_the_new_file) {
  fill(false);
  auto bytes = contents(file("spool.db"));
  const auto at = bytes.find("message 25x");
  ASSERT_NE(at, std::string::npos);
  bytes[at + 100] ^= 1;
  overwrite(file("spool.db"), bytes);
  {
    auto found = survey::make(file("spool.db"));
    ASSERT_TRUE(found);
    EXPECT_TRUE(found->findings().damaged());
    ASSERT_TRUE(found->replace(1, wall_time{}));
  }
  const auto again = survey::make(file("spool.db"));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->findings().faults(), std::vector<std::string>{});
  EXPECT_EQ(again->findings().letters, 1U);
  EXPECT_EQ(again->findings().whole, messages - 1);
}

} // namespace
} // namespace causeway::store
