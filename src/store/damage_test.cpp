// SPDX-License-Identifier: Apache-2.0
// What a disk may do to a state directory, and what a start makes of it: nothing altered, nothing under
// another device, no crash, and no loss without a word.
#include "store/log_scan.h"
#include "store/migrations.h"
#include "store/salvage.h"
#include "store/store_fixture.h"
#include "store/witness.h"

#include <algorithm>
#include <fstream>
#include <random>
#include <set>

namespace causeway::store {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t devices = 7;
constexpr spool_seq messages = 60;

std::string body_of(spool_seq seq) {
  // Some on overflow pages.
  return "message " + std::to_string(seq) + std::string(seq % 10 == 0 ? 6000 : 300, 'x');
}

// Each third message has a command as it stands then: some twice, some on overflow pages.
std::string name_of(spool_seq seq) {
  return "command-" + std::to_string(seq / 6);
}
std::string content_of(spool_seq seq) {
  return "as of " + std::to_string(seq) + std::string(seq % 4 == 0 ? 6000 : 200, 'y');
}
constexpr std::size_t commands = messages / 6 + 1;

class damage_test : public store_fixture {
protected:
  // Messages of some devices, folded into the file or (kill) as a kill would leave them.
  void fill(bool kill) {
    open();
    for (std::uint32_t ref = 0; ref < devices; ++ref)
      save_device(*it, make_device(ref));
    for (spool_seq seq = 1; seq <= messages; ++seq) {
      auto one = make_append(seq, static_cast<std::uint32_t>(seq % devices));
      one.messages[0].body = body_of(seq);
      one.key = model::kept_key{'u', seq};
      if (seq % 3 == 0)
        one.commands.push_back(
            make_command(name_of(seq), content_of(seq), static_cast<std::uint32_t>(seq / 6)));
      ASSERT_TRUE(it->append(std::move(one)));
      ASSERT_TRUE(answered(seq)); // a commit each
    }
    mark_done(*it, 1);
    ASSERT_TRUE(box.run_until([&] { return it->counters().waiting.messages == messages - 1; }));
    kept = directory.path() / "kept";
    if (kill) fs::copy(options.directory, kept);
    close();
    if (!kill) fs::copy(options.directory, kept);
  }
  // The directory as fill left it.
  void restore() {
    it.reset();
    box.drain();
    fs::remove_all(options.directory);
    fs::copy(kept, options.directory);
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
        const auto of = std::find_if(image.devices.begin(), image.devices.end(),
                                     [&](const model::device_record& one) { return one.ref == row.device; });
        ASSERT_NE(of, image.devices.end());
        ASSERT_EQ(of->key, make_device(static_cast<std::uint32_t>(read.seq % devices)).key) << read.seq;
        into.insert(read.seq);
      }
    }
  }
  // How many commands are there as they were last. None is what it never was, or another device's.
  std::size_t whole_commands() const {
    std::size_t whole = 0;
    for (const auto& one : image.commands) {
      const bool is_first = one.id.str() == name_of(3);
      const spool_seq last = is_first ? 3 : std::stoull(one.id.str().substr(8)) * 6 + 3;
      const auto seq = one.content == content_of(last - 3) ? last - 3 : last;
      EXPECT_EQ(one, make_command(name_of(seq), content_of(seq), static_cast<std::uint32_t>(seq / 6)));
      whole += seq == std::min(last, messages) ? 1 : 0;
    }
    return whole;
  }
  fs::path file(const char* name) const { return options.directory / name; }

  fs::path kept;
};

TEST_F(damage_test, a_whole_spool_has_no_faults) {
  for (const bool kill : {false, true}) {
    fill(kill);
    restore();
    const auto found = survey::make(file("spool.db"));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->findings().faults(), std::vector<std::string>{});
    EXPECT_EQ(found->findings().whole, messages - 1);
    EXPECT_EQ(found->findings().devices, devices);
    EXPECT_EQ(found->findings().commands, commands);
    open();
    EXPECT_EQ(whole_commands(), commands);
    EXPECT_EQ(it->counters().missing_commands, 0U);
    EXPECT_EQ(it->counters().missing, 0U);
    EXPECT_EQ(image.waiting.size(), messages - 1);
    close();
    fs::remove_all(options.directory);
    fs::remove_all(kept);
  }
}

// Of random damage of each kind to the file and to its log: never a wrong body or device, and what is missing
// is told.
TEST_F(damage_test, never_alters_a_message_and_never_loses_one_in_silence) {
  const auto seed = std::random_device{}();
  std::mt19937 random{seed};
  for (const bool kill : {false, true}) {
    fill(kill);
    const char* name = kill ? "spool.db-wal" : "spool.db";
    const auto good = contents(kept / name);
    ASSERT_GT(good.size(), 20'000U);
    for (int n = 0; n < 24; ++n) {
      restore();
      auto bad = good;
      const auto at = random() % good.size();
      if (n % 4 == 0) bad[at] = static_cast<char>(bad[at] ^ 1 << (random() % 8));
      if (n % 4 == 1)
        for (auto i = at; i < std::min(at + 16, bad.size()); ++i)
          bad[i] = static_cast<char>(random());
      if (n % 4 == 2)
        std::fill_n(bad.begin() + static_cast<std::ptrdiff_t>(at / 4096 * 4096),
                    std::min<std::size_t>(4096, bad.size() - at / 4096 * 4096), '\0');
      if (n % 4 == 3) bad.resize(at);
      overwrite(file(name), bad);
      SCOPED_TRACE("seed " + std::to_string(seed) + ", " + name + ", damage " + std::to_string(n) + " at " +
                   std::to_string(at));
      open();
      ASSERT_NE(it, nullptr);
      std::set<spool_seq> sent;
      take_all(sent);
      ASSERT_FALSE(testing::Test::HasFatalFailure());
      sent.erase(1); // delivered; where its mark was lost it comes again
      const auto told = it->counters().missing + it->counters().unreadable_total;
      EXPECT_TRUE(it->counters().missing_unknown || sent.size() + told >= messages - 1);
      // Where the end of the log is cut off, the witness tells of the messages that came with them.
      EXPECT_TRUE(it->counters().missing_unknown || told > 0 ||
                  whole_commands() + it->counters().missing_commands >= commands);
      EXPECT_GT(image.next_seq, messages);
      // It goes on.
      const auto next = image.next_seq;
      const auto answers = events.answered();
      ASSERT_TRUE(it->append(make_append(next, 0)));
      ASSERT_TRUE(box.run_until([&] { return events.answered() > answers; }));
      EXPECT_EQ(events.refused, std::vector<spool_seq>{});
    }
    restore();
    fs::remove_all(options.directory);
    fs::remove_all(kept);
  }
}

TEST_F(damage_test, one_zeroed_page_of_records_costs_what_is_on_it_and_the_rest_is_sent) {
  fill(false);
  restore();
  auto bytes = contents(file("spool.db"));
  const auto at = bytes.find("message 25x") / 4096 * 4096;
  std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), 4096, '\0');
  overwrite(file("spool.db"), bytes);
  open();
  std::set<spool_seq> sent;
  take_all(sent);
  EXPECT_LT(sent.size(), messages - 1);
  EXPECT_GT(sent.size(), messages - 20);
  EXPECT_FALSE(sent.contains(25));
  EXPECT_EQ(it->counters().missing, messages - 1 - sent.size());
  EXPECT_TRUE(fs::exists(file("spool.db.damaged-1")));
  it->list_dead_letters(1, {});
  ASSERT_TRUE(box.run_until([&] { return !events.pages.empty(); }));
  ASSERT_TRUE(events.pages[0].second);
  EXPECT_EQ(events.pages[0].second->letters.size(), messages - 1 - sent.size());
  EXPECT_EQ(events.pages[0].second->letters[0].reason, "record_corrupt");
}

TEST_F(damage_test, frames_behind_a_bad_one_prove_that_the_log_is_damaged) {
  fill(true);
  restore();
  auto bytes = contents(file("spool.db-wal"));
  constexpr std::size_t frame = 24 + 4096;
  const auto frames = (bytes.size() - 32) / frame;
  bytes[32 + frames / 3 * frame + 1000] ^= 0x10;
  overwrite(file("spool.db-wal"), bytes);
  const auto log = scan_log(file("spool.db-wal"));
  ASSERT_TRUE(log);
  EXPECT_TRUE(log->damaged);
  EXPECT_EQ(log->bad, 1U);
  ASSERT_FALSE(needs_migration(options.directory)); // who only looks does not let SQLite cut it
  EXPECT_EQ(contents(file("spool.db-wal")), bytes);
  open();
  std::set<spool_seq> sent;
  take_all(sent);
  EXPECT_GE(sent.size() + it->counters().missing, messages - 1);
  EXPECT_GT(sent.size(), messages - 5);
  EXPECT_TRUE(fs::exists(file("spool.db.damaged-1-wal")));
}

TEST_F(damage_test, a_torn_last_commit_is_no_damage) {
  fill(true);
  restore();
  auto bytes = contents(file("spool.db-wal"));
  bytes.resize(bytes.size() - 5000);
  overwrite(file("spool.db-wal"), bytes);
  const auto log = scan_log(file("spool.db-wal"));
  ASSERT_TRUE(log);
  EXPECT_FALSE(log->damaged);
}

TEST_F(damage_test, a_log_cut_short_is_told_with_its_count_and_numbers_go_on) {
  fill(true);
  restore();
  auto bytes = contents(file("spool.db-wal"));
  bytes.resize(bytes.size() / 2);
  overwrite(file("spool.db-wal"), bytes);
  open();
  const auto missing = it->counters().missing;
  EXPECT_GT(missing, 0U);
  EXPECT_EQ(image.next_seq, messages + 1);
  reopen();
  EXPECT_EQ(it->counters().missing, 0U) << "told once";
  EXPECT_EQ(image.next_seq, messages + 1);
}

TEST_F(damage_test, an_absent_or_empty_spool_is_told_with_its_count) {
  fill(false);
  for (const bool empty : {false, true}) {
    restore();
    if (empty)
      overwrite(file("spool.db"), "");
    else
      fs::remove(file("spool.db"));
    open();
    EXPECT_EQ(it->counters().missing, messages);
    EXPECT_EQ(image.next_seq, messages + 1);
    reopen();
    EXPECT_EQ(it->counters().missing, 0U);
  }
}

TEST_F(damage_test, a_spool_that_is_gone_leaves_what_its_log_has) {
  fill(true);
  restore();
  fs::remove(file("spool.db"));
  open();
  std::set<spool_seq> sent;
  take_all(sent);
  EXPECT_GE(sent.size() + it->counters().missing, messages - 1);
  EXPECT_GT(sent.size(), messages / 2);
}

TEST_F(damage_test, without_a_witness_nobody_can_tell_and_a_fresh_directory_says_nothing) {
  fill(false);
  EXPECT_FALSE(it);
  for (const char* name : {"witness", "spool.db"}) {
    restore();
    fs::remove(file("witness"));
    fs::remove(file(name));
    open();
    EXPECT_TRUE(it->counters().missing_unknown) << name;
    reopen();
    EXPECT_FALSE(it->counters().missing_unknown) << name;
  }
  it.reset();
  fs::remove_all(options.directory);
  open();
  EXPECT_FALSE(it->counters().missing_unknown);
  EXPECT_EQ(it->counters().missing, 0U);
}

TEST_F(damage_test, a_witness_is_never_ahead_and_a_damaged_one_is_no_witness) {
  fill(false);
  restore();
  const auto said = witness_file::read(file("witness"));
  ASSERT_TRUE(said);
  EXPECT_EQ(said->highest, messages);
  auto bytes = contents(file("witness"));
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    auto changed = bytes;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ 1 << (bit % 8));
    overwrite(file("witness"), changed);
    ASSERT_FALSE(witness_file::read(file("witness"))) << bit;
  }
  open();
  EXPECT_EQ(it->counters().missing, 0U);
  EXPECT_EQ(image.waiting.size(), messages - 1);
}

TEST_F(damage_test, a_device_number_beyond_all_that_were_given_crashes_nothing) {
  fill(false);
  for (const char* change :
       {"UPDATE device SET ref = 4294967295 WHERE ref = 3", "UPDATE device SET ref = 268435456 WHERE ref = 3",
        "DELETE FROM device WHERE ref = 3", "UPDATE device SET device = 'meter-4' WHERE ref = 3",
        "UPDATE spool SET device = 4 WHERE seq = 10", "UPDATE spool SET device = 4294967295 WHERE seq = 10",
        "DELETE FROM spool WHERE seq = 10", "DELETE FROM tally"}) {
    SCOPED_TRACE(change);
    restore();
    {
      bool damaged = false;
      auto db = database::open({.file = file("spool.db"), .application_id = 0x43575350}, damaged);
      ASSERT_TRUE(db);
      ASSERT_TRUE(db->execute(change));
    }
    open();
    std::set<spool_seq> sent;
    take_all(sent);
    EXPECT_EQ(sent.size(), messages - 1);
    EXPECT_EQ(it->counters().missing, 0U);
  }
}

TEST_F(damage_test, a_row_without_its_record_is_told_and_holds_nobody_up) {
  fill(false);
  restore();
  {
    bool damaged = false;
    auto db = database::open({.file = file("spool.db"), .application_id = 0x43575350}, damaged);
    ASSERT_TRUE(db);
    ASSERT_TRUE(db->execute("DELETE FROM record WHERE seq = 10"));
  }
  open();
  std::set<spool_seq> sent;
  take_all(sent);
  EXPECT_EQ(sent.size(), messages - 2);
  EXPECT_EQ(it->counters().missing, 1U);
}

TEST_F(damage_test, who_only_looks_is_told_and_changes_nothing) {
  fill(false);
  restore();
  auto bytes = contents(file("spool.db"));
  std::fill_n(bytes.begin() + 4096 * 2, 4096 * 3, '\0');
  overwrite(file("spool.db"), bytes);
  options.mends = false;
  const auto opened = store::open(options, clock, [](const std::function<void()>&) {});
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.fault().detail().find("causeway spool salvage"), std::string::npos);
  EXPECT_FALSE(fs::exists(file("spool.db.damaged-1")));
}

TEST_F(damage_test, a_replacement_keeps_since_when_a_message_waits) {
  open();
  save_device(*it, make_device(0));
  for (spool_seq seq = 1; seq <= 3; ++seq) {
    auto one = make_append(seq);
    one.accepted_at = static_cast<std::uint32_t>(70 + seq);
    ASSERT_TRUE(it->append(std::move(one)));
  }
  it->save_open_seconds(100);
  close();
  // Of a row that is not what was stored, only its record's word is left, which has no such time.
  alter_spool(file("spool.db"), "UPDATE spool SET size = size + 1 WHERE seq = 2");
  open();
  ASSERT_EQ(image.waiting.size(), 3U);
  EXPECT_EQ(image.waiting[0].accepted_at, 71U);
  EXPECT_EQ(image.waiting[1].accepted_at, 100U); // now: nothing is given up before its time
  EXPECT_EQ(image.waiting[2].accepted_at, 73U);
  EXPECT_EQ(image.open_seconds, 100U);
}

TEST_F(damage_test, a_damaged_count_of_time_makes_nothing_old) {
  open();
  save_device(*it, make_device(0));
  auto one = make_append(1);
  one.accepted_at = 70;
  ASSERT_TRUE(it->append(std::move(one)));
  it->save_open_seconds(100);
  close();
  alter_spool(file("spool.db"), "UPDATE open_time SET seconds = 1000000");
  open();
  ASSERT_EQ(image.waiting.size(), 1U);
  EXPECT_EQ(image.waiting[0].accepted_at, 0U);
  EXPECT_EQ(image.open_seconds, 0U);
  EXPECT_EQ(it->counters().missing, 0U);
  reopen();
  EXPECT_EQ(kept_aside(file("spool.db")), 1);
}

TEST_F(damage_test, a_replacement_cut_short_is_finished) {
  fill(false);
  restore();
  fs::copy_file(file("spool.db"), file("spool.db.mended"));
  overwrite(file("spool.db"), std::string(8192, 'z'));
  overwrite(file("spool.db.mending"), "half of it");
  open();
  EXPECT_EQ(image.waiting.size(), messages - 1);
  EXPECT_FALSE(fs::exists(file("spool.db.mended")));
  EXPECT_FALSE(fs::exists(file("spool.db.mending")));
  EXPECT_EQ(contents(file("spool.db.damaged-1")), std::string(8192, 'z'));
}

TEST_F(damage_test, a_state_directory_may_lie_behind_a_link_and_a_file_may_not_be_one) {
  fill(false);
  const auto real = options.directory;
  const auto link = directory.path() / "link";
  fs::create_directory_symlink(directory.path(), link);
  options.directory = link / "state";
  auto opened = store::open(options, clock, [](const std::function<void()>&) {});
  ASSERT_TRUE(opened) << opened.fault().message();
  opened->reset();
  fs::rename(real / "spool.db", real / "elsewhere.db");
  fs::create_symlink(real / "elsewhere.db", real / "spool.db");
  auto refused = store::open(options, clock, [](const std::function<void()>&) {});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.fault().detail().find("symbolic link"), std::string::npos) << refused.fault().detail();
}

TEST_F(damage_test, a_state_directory_that_is_moved_away_takes_no_more_until_it_is_back) {
  fill(false);
  restore();
  open();
  const auto away = directory.path() / "away";
  fs::rename(options.directory, away);
  ASSERT_TRUE(it->append(make_append(messages + 1)));
  ASSERT_TRUE(answered(1));
  EXPECT_EQ(events.refusals, std::vector<errc>{errc::store_unavailable});
  EXPECT_EQ(events.faults, 1U);
  fs::rename(away, options.directory);
  ASSERT_TRUE(box.run_until([&] { return events.heals == 1; }));
  ASSERT_TRUE(it->append(make_append(messages + 2)));
  ASSERT_TRUE(answered(2));
  EXPECT_EQ(events.stored, std::vector<spool_seq>{messages + 2});
}

TEST_F(damage_test, a_second_connection_cannot_open_the_spool) {
  open();
  bool damaged = false;
  auto second =
      database::open({.file = options.directory / "spool.db", .application_id = 0x43575350}, damaged);
  EXPECT_FALSE(second)
      << "SQLite before 3.51.3 may corrupt a file at a reset of its log with two connections";
}

} // namespace
} // namespace causeway::store
