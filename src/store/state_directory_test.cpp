// SPDX-License-Identifier: Apache-2.0
// What a start finds in the state directory: nothing, another process, an older or newer version, damage.
#include "store/assignment_file.h"
#include "store/faulty_disk.h"
#include "store/lock.h"
#include "store/migrations.h"
#include "store/spool_loader.h"
#include "store/store_fixture.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

namespace causeway::store {
namespace {

namespace fs = std::filesystem;
using state_directory_test = store_fixture;

mode_t mode_of(const fs::path& file) {
  struct stat about {};
  return ::stat(file.c_str(), &about) == 0 ? about.st_mode & 0777U : 0;
}

// A spool.db as an earlier version made it.
database former_spool(const fs::path& file, std::size_t version) {
  EXPECT_TRUE(make_private_file(file));
  bool damaged = false;
  auto db = database::open({.file = file, .application_id = spool_application_id}, damaged);
  EXPECT_TRUE(db) << db.fault().message();
  if (!db) return {};
  EXPECT_TRUE(migrate(*db, spool_steps().first(version)));
  return *std::move(db);
}

std::size_t damaged_copies(const fs::path& directory) {
  std::size_t count = 0;
  for (const auto& entry : fs::directory_iterator{directory})
    count += entry.path().filename().string().find("assignments.db.damaged-") == 0 ? 1 : 0;
  return count;
}

TEST_F(state_directory_test, is_made_for_its_owner_only) {
  const auto old = ::umask(0);
  options.directory = directory.path() / "a" / "b";
  const auto made = directory_lock::acquire(options.directory);
  open();
  save_device(*it, make_device(0));
  close();
  ::umask(old);
  ASSERT_TRUE(made);
  EXPECT_EQ(mode_of(directory.path() / "a"), 0700U);
  EXPECT_EQ(mode_of(directory.path() / "a" / "b"), 0700U);
  for (const auto& entry : fs::directory_iterator{directory.path() / "state"})
    EXPECT_EQ(mode_of(entry.path()), 0600U) << entry.path();
}

TEST_F(state_directory_test, belongs_to_one_process_at_a_time) {
  open();
  auto second = store::open(options, clock, [](const std::function<void()>&) {});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.fault().code(), errc::state_locked);
  EXPECT_NE(second.fault().detail().find(options.directory.string()), std::string::npos);
  EXPECT_NE(second.fault().detail().find(std::to_string(::getpid())), std::string::npos);
  reopen(); // free again
}

TEST_F(state_directory_test, that_cannot_be_written_is_named) {
  options.directory = directory.path() / "state";
  overwrite(options.directory, "a file");
  auto opened = store::open(options, clock, [](const std::function<void()>&) {});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.fault().code(), errc::state_unusable);
  EXPECT_NE(opened.fault().detail().find(options.directory.string()), std::string::npos);
  if (::geteuid() == 0) return; // to whom every directory is open
  fs::remove(options.directory);
  fs::permissions(directory.path(), fs::perms::owner_read | fs::perms::owner_exec);
  opened = store::open(options, clock, [](const std::function<void()>&) {});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.fault().code(), errc::state_unusable);
}

TEST_F(state_directory_test, of_a_newer_version_is_refused) {
  open();
  close();
  const auto file = options.directory / "spool.db";
  {
    bool damaged = false;
    auto db = database::open({.file = file, .application_id = 0x43575350}, damaged);
    ASSERT_TRUE(db);
    ASSERT_TRUE(db->execute("PRAGMA user_version=999"));
  }
  auto opened = store::open(options, clock, [](const std::function<void()>&) {});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.fault().code(), errc::state_newer);
  EXPECT_NE(opened.fault().detail().find(file.string()), std::string::npos);
}

TEST_F(state_directory_test, tells_that_it_is_older_and_stays_so) {
  const auto needed = [&] {
    const auto found = needs_migration(options.directory);
    EXPECT_TRUE(found) << found.fault().message();
    return found && *found;
  };
  options.directory = directory.path() / "state";
  EXPECT_FALSE(needed());
  EXPECT_FALSE(fs::exists(options.directory)); // to look made nothing
  open();
  ASSERT_FALSE(needs_migration(options.directory));
  EXPECT_EQ(needs_migration(options.directory).fault().code(), errc::state_locked);
  close();
  EXPECT_FALSE(needed());
  const auto file = options.directory / "spool.db";
  fs::remove(file);
  former_spool(file, 1);
  const auto before = contents(file);
  EXPECT_TRUE(needed());
  EXPECT_EQ(contents(file), before);
  open(); // which migrates
  close();
  EXPECT_FALSE(needed());
}

TEST_F(state_directory_test, with_a_damaged_spool_is_refused_and_left_alone) {
  open();
  close();
  const auto file = options.directory / "spool.db";
  overwrite(file, std::string(8192, 'z'));
  auto opened = store::open(options, clock, [](const std::function<void()>&) {});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.fault().code(), errc::state_unusable);
  EXPECT_NE(opened.fault().detail().find(file.string()), std::string::npos);
  EXPECT_EQ(contents(file), std::string(8192, 'z'));
}

TEST_F(state_directory_test, with_somebody_elses_database_is_refused) {
  open();
  close();
  fs::copy_file(options.directory / "assignments.db", options.directory / "spool.db",
                fs::copy_options::overwrite_existing);
  auto opened = store::open(options, clock, [](const std::function<void()>&) {});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.fault().code(), errc::state_unusable);
}

TEST_F(state_directory_test, survives_damage_to_the_assignments_at_any_place) {
  constexpr std::uint32_t devices = 40;
  open();
  for (std::uint32_t ref = 0; ref < devices; ++ref) {
    save_device(*it, make_device(ref));
    save_assignment(*it, device_ref{ref}, make_assignment(ref));
  }
  ASSERT_TRUE(it->append(make_append(1)));
  ASSERT_TRUE(answered(1));
  close();
  const auto file = options.directory / "assignments.db";
  const auto good = contents(file);
  ASSERT_GE(good.size(), 8192U);
  std::size_t detected = 0;
  constexpr std::size_t places = 60; // the first 40 in the header
  for (std::size_t n = 0; n < places; ++n) {
    auto bad = good;
    const auto at = n < 40 ? n * 5 / 2 : 100 + (good.size() - 100) * (n - 40) / (places - 40);
    bad[at] = static_cast<char>(bad[at] ^ 0x5a);
    overwrite(file, bad);
    const auto copies = damaged_copies(options.directory);
    open();
    ASSERT_EQ(image.waiting.size(), 1U) << "byte " << at;
    ASSERT_EQ(image.devices.size(), devices) << "byte " << at;
    if (damaged_copies(options.directory) > copies) {
      ++detected;
      EXPECT_TRUE(image.assignments.empty()) << "byte " << at;
    } else {
      ASSERT_EQ(image.assignments.size(), devices) << "byte " << at;
      for (const auto& one : image.assignments)
        EXPECT_EQ(one, assignment_of(one.key)) << "byte " << at;
    }
    // Whatever it was, the cache works.
    save_assignment(*it, device_ref{0}, make_assignment(0));
    reopen();
    ASSERT_FALSE(image.assignments.empty()) << "byte " << at;
    close();
  }
  EXPECT_GE(detected, 10U);
}

// Damage of three kinds at 50 places of a cache of 400: a few bytes, the end cut off, a page of zeros. A file
// that is cut off right behind its last used page is no worse for it.
TEST_F(state_directory_test, rebuilds_a_cache_damaged_at_fifty_points_and_loses_nothing_else) {
  constexpr std::uint32_t devices = 400;
  constexpr std::size_t places = 50, page = 4096;
  open();
  for (std::uint32_t ref = 0; ref < devices; ++ref) {
    save_device(*it, make_device(ref));
    save_assignment(*it, device_ref{ref}, make_assignment(ref));
    ASSERT_TRUE(it->append(make_append(ref + 1, ref)));
  }
  ASSERT_TRUE(answered(devices));
  close();
  const auto file = options.directory / "assignments.db";
  const auto good = contents(file);
  ASSERT_GE(good.size(), 8 * page);
  std::size_t rebuilt = 0;
  for (std::size_t n = 0; n < places; ++n) {
    auto bad = good;
    const auto at = good.size() * n / places + n;
    if (n % 3 == 0) {
      for (std::size_t i = at; i < std::min(at + 16, bad.size()); ++i)
        bad[i] = static_cast<char>(bad[i] ^ 0xa5);
    } else if (n % 3 == 1) {
      bad.resize(at);
    } else {
      std::fill_n(bad.begin() + static_cast<std::ptrdiff_t>(at / page * page), page, '\0');
    }
    overwrite(file, bad);
    const auto copies = damaged_copies(options.directory);
    open();
    ASSERT_EQ(image.waiting.size(), devices) << n << " at " << at;
    ASSERT_EQ(image.devices.size(), devices) << n << " at " << at;
    const bool moved_aside = damaged_copies(options.directory) > copies;
    if (moved_aside) {
      ++rebuilt;
      ASSERT_TRUE(image.assignments.empty()) << n << " at " << at;
    } else {
      ASSERT_EQ(image.assignments.size(), devices) << n << " at " << at;
    }
    for (const auto& one : image.assignments)
      ASSERT_EQ(one, assignment_of(one.key)) << n << " at " << at;
    for (std::uint32_t ref = 0; ref < devices; ref += 100)
      save_assignment(*it, device_ref{ref}, make_assignment(ref));
    reopen();
    ASSERT_EQ(image.assignments.size(), moved_aside ? devices / 100 : devices) << n << " at " << at;
    close();
  }
  EXPECT_GE(rebuilt, 35U);
}

TEST_F(state_directory_test, starts_without_the_assignments_of_a_newer_version_or_of_anyone_else) {
  open();
  close();
  const auto file = options.directory / "assignments.db";
  overwrite(file, "not a database at all, but long enough to be looked at as one");
  open();
  EXPECT_TRUE(image.assignments.empty());
  EXPECT_EQ(damaged_copies(options.directory), 1U);
  close();
  fs::copy_file(options.directory / "spool.db", file, fs::copy_options::overwrite_existing);
  open();
  EXPECT_TRUE(image.assignments.empty());
  EXPECT_EQ(damaged_copies(options.directory), 2U);
}

TEST(migrations, an_empty_file_gets_every_step_and_a_planted_older_one_the_rest) {
  temporary_directory directory;
  const auto file = directory.path() / "x.db";
  ASSERT_TRUE(make_private_file(file));
  constexpr const char* first = "CREATE TABLE a (x INTEGER); INSERT INTO a VALUES (7);";
  constexpr const char* second = "ALTER TABLE a ADD COLUMN y INTEGER NOT NULL DEFAULT 3;";
  const std::array older{first};
  const std::array newer{first, second};
  bool damaged = false;
  auto db = database::open({.file = file, .application_id = 1}, damaged);
  ASSERT_TRUE(db) << db.fault().message();
  ASSERT_TRUE(migrate(*db, older));
  EXPECT_EQ(*db->integer("PRAGMA user_version"), 1);
  ASSERT_TRUE(migrate(*db, newer));
  EXPECT_EQ(*db->integer("PRAGMA user_version"), 2);
  EXPECT_EQ(*db->integer("SELECT x + y FROM a"), 10);
  ASSERT_TRUE(migrate(*db, newer)) << "nothing left to do";
  auto refused = migrate(*db, older);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.fault().code(), errc::state_newer);
}

TEST(migrations, a_spool_of_the_first_version_keeps_its_devices) {
  temporary_directory directory;
  const auto file = directory.path() / "spool.db";
  {
    auto db = former_spool(file, 1);
    ASSERT_TRUE(db.execute("INSERT INTO device VALUES (7, 'plant', 'meter-7', '70B3D57ED0000001');"
                           "UPDATE counter SET value = 8 WHERE name = 'next_device'"));
  }
  auto opened = spool_file::open(file, 0);
  ASSERT_TRUE(opened) << opened.fault().message();
  auto devices = spool_loader{*opened}.devices();
  ASSERT_TRUE(devices);
  ASSERT_EQ(devices->size(), 1U);
  const auto& one = devices->front();
  EXPECT_EQ(one.key, (model::device_key{application_id{"plant"}, device_id{"meter-7"}}));
  EXPECT_EQ(one.dev_eui, dev_eui{"70B3D57ED0000001"});
  EXPECT_FALSE(one.listed);
  EXPECT_EQ(one.integration, std::nullopt);
  EXPECT_EQ(one.model_id, "");
}

TEST(migrations, keys_of_before_are_known_until_a_kind_has_as_many_of_its_own) {
  temporary_directory directory;
  const auto file = directory.path() / "spool.db";
  {
    auto db = former_spool(file, 4);
    // Newest first, least significant byte first.
    ASSERT_TRUE(db.execute("INSERT INTO recent_key VALUES (7, x'0200000000000000' || x'0100000000000000'), "
                           "(8, x'0300000000000000')"));
    ASSERT_TRUE(db.execute("INSERT INTO dead_letter (at, application, device, reason, detail, size, event) "
                           "VALUES (1, 'plant', 'meter-7', 'format_refused', '', 2, x'7b7d')"));
  }
  const char former = model::kept_key::former;
  auto opened = spool_file::open(file, 0);
  ASSERT_TRUE(opened) << opened.fault().message();
  EXPECT_EQ(keys_in(*opened), (std::vector<stored_key>{{stored_number{7}, {former, 1}},
                                                       {stored_number{7}, {former, 2}},
                                                       {stored_number{8}, {former, 3}}}));
  append_effect effect;
  for (spool_seq seq = 1; seq <= 32; ++seq) {
    auto request = make_append(seq, 7);
    request.key = model::kept_key{'u', seq};
    ASSERT_TRUE(opened->append(request, stored_number{7}, seq, wall_time{}, effect));
  }
  const auto keys = keys_in(*opened);
  EXPECT_EQ(keys.size(), 33U);
  EXPECT_EQ(keys.front(), (stored_key{stored_number{8}, {former, 3}}));
}

TEST(migrations, a_small_file_from_before_is_made_one_that_shrinks) {
  temporary_directory directory;
  const auto file = directory.path() / "spool.db";
  {
    auto db = former_spool(file, 4);
    ASSERT_TRUE(db.execute("INSERT INTO spool VALUES (5, 7, 100, 1)"));
    EXPECT_EQ(*db.integer("PRAGMA auto_vacuum"), 0);
  }
  constexpr int incremental = 2;
  for (int opened = 0; opened < 2; ++opened) {
    auto spool = spool_file::open(file, 0);
    ASSERT_TRUE(spool) << spool.fault().message();
    EXPECT_EQ(*spool->db().integer("PRAGMA auto_vacuum"), incremental);
    EXPECT_EQ(waiting_in(*spool).size(), 1U);
  }
  ASSERT_TRUE(make_private_file(directory.path() / "new.db"));
  auto made = spool_file::open(directory.path() / "new.db", 0);
  ASSERT_TRUE(made);
  EXPECT_EQ(*made->db().integer("PRAGMA auto_vacuum"), incremental);
}

TEST(migrations, messages_of_a_version_without_open_seconds_count_from_its_migration) {
  temporary_directory directory;
  const auto file = directory.path() / "spool.db";
  {
    auto db = former_spool(file, 2);
    ASSERT_TRUE(db.execute("INSERT INTO spool VALUES (5, 7, 100)"));
    ASSERT_TRUE(db.execute("INSERT INTO dead_letter (at, application, device, reason, detail, size, event) "
                           "VALUES (1, 'plant', 'd', 'format_refused', '', 30, x'00')"));
  }
  auto spool = spool_file::open(file, 0);
  ASSERT_TRUE(spool) << spool.fault().message();
  const auto waiting = waiting_in(*spool);
  ASSERT_EQ(waiting.size(), 1U);
  EXPECT_EQ(waiting.front().seq, 5U);
  EXPECT_EQ(waiting.front().bytes, 100U);
  EXPECT_EQ(waiting.front().accepted_at, 0U);
  EXPECT_EQ(*spool_loader{*spool}.open_seconds(), 0U);
  EXPECT_EQ(*spool->count_dead_letters(), (model::dead_letter_amounts{{application_id{"plant"}, {1, 30}}}));
}

TEST(migrations, a_spool_of_the_version_before_has_its_rows_and_takes_commands) {
  temporary_directory directory;
  const auto file = directory.path() / "spool.db";
  {
    auto db = former_spool(file, 8);
    ASSERT_TRUE(
        db.execute("UPDATE tally SET next_seq = 6, next_device = 8, waiting = 1;"
                   "UPDATE tally SET digest = row_digest(next_seq, next_device, waiting, sealed_from);"
                   "INSERT INTO spool VALUES (5, 7, 100, 1, row_digest(5, 7, 100, 1) >> 32, 9);"));
  }
  for (int opened = 0; opened < 2; ++opened) {
    auto spool = spool_file::open(file, 0);
    ASSERT_TRUE(spool) << spool.fault().message();
    EXPECT_EQ(spool->version_found(), opened == 0 ? 8 : 9);
    EXPECT_EQ(spool->counts(), (tally{6, 8, 1, 1, static_cast<std::uint64_t>(opened), 1 + opened}));
    EXPECT_EQ(commands_in(*spool).size(), static_cast<std::size_t>(opened));
    auto change = transaction::begin(spool->db());
    ASSERT_TRUE(change);
    ASSERT_TRUE(spool->keep_command(make_command("a", "1"), wall_time{}));
    ASSERT_TRUE(spool->save_tally());
    ASSERT_TRUE(change->commit());
    EXPECT_FALSE(spool->damage().any()) << spool->damage().detail;
  }
}

// The version before the witness has none; cut short behind that version's step, its migration left a state
// that had none either and no excuse.
TEST_F(state_directory_test, a_migration_cut_short_at_any_write_is_no_loss) {
  options.directory = directory.path() / "state";
  faulty_disk::it().skip_syncs(true);
  std::size_t cut = 0;
  for (;; ++cut) {
    fs::remove_all(options.directory);
    ASSERT_TRUE(directory_lock::acquire(options.directory));
    former_spool(options.directory / "spool.db", 4);
    faulty_disk::it().fail_writes(options.directory, {cut});
    const bool started = store::open(options, clock, [](const std::function<void()>&) {}).has_value();
    const bool failed = faulty_disk::it().writes_failed() != 0;
    faulty_disk::it().fail_writes(options.directory, {});
    if (!failed) break;
    if (started) continue; // what was to be written can wait
    open();
    EXPECT_FALSE(it->counters().missing_unknown) << "at write " << cut;
    EXPECT_EQ(it->counters().missing, 0U);
    close();
  }
  faulty_disk::it().skip_syncs(false);
  EXPECT_GT(cut, 10U);
}

// What a damaged tally said was taken for true once it was written anew.
TEST(migrations, a_damaged_tally_of_the_version_before_stays_known_as_one) {
  temporary_directory directory;
  const auto file = directory.path() / "spool.db";
  {
    auto db = former_spool(file, 8);
    ASSERT_TRUE(db.execute("UPDATE tally SET waiting = 3"));
  }
  auto spool = spool_file::open(file, 0);
  ASSERT_TRUE(spool) << spool.fault().message();
  EXPECT_TRUE(spool->damage().any());
}

TEST(migrations, a_step_that_cannot_be_done_leaves_the_version_before_it) {
  temporary_directory directory;
  const auto file = directory.path() / "x.db";
  ASSERT_TRUE(make_private_file(file));
  const std::array steps{"CREATE TABLE a (x INTEGER);",
                         "CREATE TABLE b (y INTEGER); INSERT INTO missing VALUES (1);"};
  bool damaged = false;
  auto db = database::open({.file = file, .application_id = 1}, damaged);
  ASSERT_TRUE(db);
  EXPECT_FALSE(migrate(*db, steps));
  EXPECT_EQ(*db->integer("PRAGMA user_version"), 1);
  EXPECT_EQ(*db->integer("SELECT count(*) FROM sqlite_schema WHERE name = 'b'"), 0);
}

} // namespace
} // namespace causeway::store
