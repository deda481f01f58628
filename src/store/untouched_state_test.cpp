// SPDX-License-Identifier: Apache-2.0
// What a start refuses it leaves as it lies, byte for byte, whatever else is wrong with it: a newer
// Causeway's state, somebody else's database, what is no file.
#include "store/salvage.h"
#include "store/store_fixture.h"

#include <sqlite3.h>
#include <sys/stat.h>

namespace causeway::store {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t page = 4096;

class untouched_state_test : public store_fixture {
protected:
  fs::path file(const char* name) const { return options.directory / name; }
  fs::path spool() const { return file("spool.db"); }

  // All files by name, but for the lock: that says who was here.
  std::map<std::string, std::string> files() const {
    std::map<std::string, std::string> all;
    for (const auto& entry : fs::directory_iterator{options.directory})
      if (entry.is_regular_file() && entry.path().filename() != "lock")
        all.emplace(entry.path().filename(), contents(entry.path()));
    return all;
  }

  // A state with one message that waits.
  void fill() {
    open();
    save_device(*it, make_device(0));
    ASSERT_TRUE(it->append(make_append(1)));
    ASSERT_TRUE(answered(1));
    close();
  }

  // One of the next version, with a table that only that has. logged: its migration lies in the log, as a
  // kill leaves it, with some commits behind.
  void make_newer(bool logged) {
    fill();
    const auto migration = "CREATE TABLE future (x); INSERT INTO future VALUES (42); PRAGMA user_version=" +
                           std::to_string(spool_steps().size() + 1);
    if (!logged) return alter_spool(spool(), migration.c_str());
    bool damaged = false;
    auto db = database::open({.file = spool(), .application_id = spool_application_id}, damaged);
    ASSERT_TRUE(db) << db.fault().message();
    ASSERT_TRUE(db->execute(migration.c_str()));
    for (int n = 0; n < 4; ++n)
      ASSERT_TRUE(db->execute("INSERT INTO future VALUES (zeroblob(9000))"));
    const auto main = contents(spool()), log = contents(file("spool.db-wal"));
    *db = database{}; // folds the log, and removes it
    overwrite(spool(), main);
    overwrite(file("spool.db-wal"), log);
  }

  // The start's fault.
  error refused(errc with) {
    const auto before = files();
    auto opened = store::open(options, clock, [](const std::function<void()>&) {});
    EXPECT_FALSE(opened);
    EXPECT_TRUE(files() == before);
    if (opened) return error{errc::store_closed};
    EXPECT_EQ(opened.fault().code(), with) << opened.fault().message();
    EXPECT_NE(opened.fault().detail().find(spool().string()), std::string::npos) << opened.fault().detail();
    return opened.fault();
  }

  void alter(const fs::path& what, std::size_t at, std::string_view bytes) {
    auto all = contents(what);
    ASSERT_LE(at + bytes.size(), all.size());
    overwrite(what, all.replace(at, bytes.size(), bytes));
  }

  // As SQLite makes one by itself.
  static void make_foreign(const fs::path& file, const char* mode, bool logged = false) {
    sqlite3* raw = nullptr;
    ASSERT_EQ(sqlite3_open(file.c_str(), &raw), SQLITE_OK);
    const auto statements = std::string{"PRAGMA journal_mode="} + mode +
                            "; CREATE TABLE t (x); INSERT INTO t VALUES (1); PRAGMA user_version=10";
    EXPECT_EQ(sqlite3_exec(raw, statements.c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
    const auto main = contents(file), log = contents(file.string() + "-wal");
    sqlite3_close(raw);
    if (!logged) return;
    overwrite(file, main);
    overwrite(file.string() + "-wal", log);
  }
};

TEST_F(untouched_state_test, a_newer_state_is_refused_though_its_log_has_a_bad_frame) {
  for (const std::size_t bad : {0, 4}) { // a frame of the migration's, and one behind it
    make_newer(true);
    const auto log = file("spool.db-wal");
    const auto at = 32 + bad * (24 + page) + 24 + 100;
    alter(log, at, std::string{static_cast<char>(contents(log)[at] ^ 0x5a)});
    refused(errc::state_newer);
    fs::remove_all(options.directory);
  }
}

TEST_F(untouched_state_test, a_newer_state_is_refused_though_its_file_is_cut_short) {
  for (const std::size_t left : {5 * page, page + 7, std::size_t{100}}) {
    make_newer(false);
    fs::resize_file(spool(), left);
    refused(errc::state_newer);
    fs::remove_all(options.directory);
  }
}

TEST_F(untouched_state_test, a_newer_state_is_refused_though_its_first_page_is_damaged) {
  make_newer(false);
  alter(spool(), 100, std::string(8, '\xff'));
  refused(errc::state_newer);
}

TEST_F(untouched_state_test, a_newer_state_is_refused_beside_a_replacement_that_was_cut_short) {
  make_newer(false);
  overwrite(file("spool.db.mended"), "of a newer Causeway");
  overwrite(file("spool.db.mending"), "half of it");
  refused(errc::state_newer);
}

// SQLite would have folded its log into the file.
TEST_F(untouched_state_test, who_only_looks_leaves_a_newer_state_alone) {
  make_newer(true);
  const auto before = files();
  const auto older = needs_migration(options.directory);
  ASSERT_TRUE(older) << older.fault().message();
  EXPECT_FALSE(*older);
  EXPECT_TRUE(files() == before);
  options.mends = false;
  refused(errc::state_newer);
}

// What stands in the version's place beside damage is no version.
TEST_F(untouched_state_test, a_state_whose_header_cannot_be_read_is_of_a_version_that_nobody_knows) {
  const auto version_of_header = [&](std::size_t at, std::size_t size) {
    fs::remove_all(options.directory);
    fill();
    alter(spool(), at, std::string(size, '\x7f'));
    const auto found = survey::make(spool());
    EXPECT_TRUE(found);
    return found ? found->findings().version : std::nullopt;
  };
  EXPECT_EQ(version_of_header(0, 0), static_cast<std::int64_t>(spool_steps().size()));
  EXPECT_EQ(version_of_header(60, 4), 0x7f7f7f7f);
  for (const auto& [at, size] : {std::pair{48U, 16U}, std::pair{61U, 16U}, std::pair{0U, 100U}}) {
    EXPECT_EQ(version_of_header(at, size), std::nullopt) << at;
    open(); // mended
    EXPECT_EQ(image.waiting.size(), 1U) << at;
    EXPECT_TRUE(fs::exists(file("spool.db.damaged-1"))) << at;
    close();
  }
}

TEST_F(untouched_state_test, somebody_elses_database_is_refused_and_left_as_it_lies) {
  for (const auto& [mode, logged] :
       {std::pair{"DELETE", false}, std::pair{"WAL", false}, std::pair{"WAL", true}}) {
    fill();
    fs::remove(spool());
    make_foreign(spool(), mode, logged);
    const auto fault = refused(errc::state_unusable);
    EXPECT_NE(fault.detail().find("not a file of Causeway"), std::string::npos) << fault.detail();
    EXPECT_EQ(fault.detail().find("salvage"), std::string::npos) << "there is nothing in it to salvage";
    fs::remove_all(options.directory);
  }
}

TEST_F(untouched_state_test, neither_a_newer_state_nor_somebody_elses_is_good_or_salvaged) {
  const auto refuses = [&](errc code) {
    const auto before = files();
    auto found = survey::make(spool());
    ASSERT_TRUE(found);
    const auto judged = found->judge();
    ASSERT_FALSE(judged);
    EXPECT_EQ(judged.fault().code(), code);
    const auto replaced = found->replace(1, clock.now().wall);
    ASSERT_FALSE(replaced);
    EXPECT_EQ(replaced.fault().code(), code);
    EXPECT_TRUE(files() == before);
  };
  fill();
  EXPECT_TRUE(survey::make(spool())->judge());
  for (const char* version : {"10", "999", "-1"}) {
    alter_spool(spool(), ("PRAGMA user_version=" + std::string{version}).c_str());
    refuses(errc::state_newer);
  }
  fs::remove(spool());
  make_foreign(spool(), "DELETE");
  refuses(errc::state_unusable);
}

TEST_F(untouched_state_test, what_is_no_regular_file_is_refused_by_its_name_at_once) {
  for (const char* name : {"spool.db", "spool.db-wal", "assignments.db", "witness"}) {
    fill();
    fs::remove(file(name));
    ASSERT_EQ(::mkfifo(file(name).c_str(), 0600), 0);
    auto opened = store::open(options, clock, [](const std::function<void()>&) {});
    ASSERT_FALSE(opened) << name;
    EXPECT_EQ(opened.fault().code(), errc::state_unusable);
    EXPECT_NE(opened.fault().detail().find(file(name).string() + " is no regular file"), std::string::npos)
        << opened.fault().detail();
    fs::remove_all(options.directory);
  }
}

} // namespace
} // namespace causeway::store
