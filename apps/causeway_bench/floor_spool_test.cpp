// SPDX-License-Identifier: Apache-2.0
#include "causeway_bench/floor_spool.h"

#include <gtest/gtest.h>

#include <sqlite3.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <filesystem>

namespace causeway::bench {
namespace {

using ranges = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

TEST(floor_spool, numbers_in_any_order_become_ranges) {
  EXPECT_EQ(ranges_of({5, 1, 2, 9, 3, 6}), (ranges{{1, 3}, {5, 6}, {9, 9}}));
  EXPECT_EQ(ranges_of({}), ranges{});
}

TEST(floor_spool, what_was_handed_over_is_in_the_file_but_for_what_is_done) {
  const auto file = testing::TempDir() + "/floor_spool_test.db";
  for (const auto* end : {"", "-wal"})
    std::filesystem::remove(file + end);
  const int bell = ::eventfd(0, EFD_CLOEXEC);
  const floor_row rows[]{{1, 11, "one"}, {2, 22, "two"}, {3, 33, "three"}};
  {
    floor_spool spool{file, bell};
    std::vector<const floor_row*> fresh{&rows[0], &rows[1], &rows[2]};
    std::vector<std::uint64_t> done;
    spool.hand_over(fresh, done);
    std::uint64_t rings = 0;
    while (spool.durable() < 3)
      ASSERT_EQ(::read(bell, &rings, sizeof rings), 8); // waits for the commit
    EXPECT_TRUE(fresh.empty());
    done = {3, 1};
    spool.hand_over(fresh, done);
  } // all that was handed over is done before it goes
  ::close(bell);
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(file.c_str(), &db), SQLITE_OK);
  sqlite3_stmt* left = nullptr;
  ASSERT_EQ(sqlite3_prepare_v2(db, "SELECT seq, key, message FROM spool", -1, &left, nullptr), SQLITE_OK);
  ASSERT_EQ(sqlite3_step(left), SQLITE_ROW);
  EXPECT_EQ(sqlite3_column_int(left, 0), 2);
  EXPECT_EQ(sqlite3_column_int(left, 1), 22);
  EXPECT_STREQ(reinterpret_cast<const char*>(sqlite3_column_text(left, 2)), "two");
  EXPECT_EQ(sqlite3_step(left), SQLITE_DONE);
  sqlite3_finalize(left);
  sqlite3_close(db);
}

} // namespace
} // namespace causeway::bench
