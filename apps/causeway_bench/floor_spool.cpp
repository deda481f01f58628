// SPDX-License-Identifier: Apache-2.0
#include "causeway_bench/floor_spool.h"

#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace causeway::bench {
namespace {

// The gateway's own settings (src/store/database.cpp), but for its checks.
constexpr const char* schema =
    "PRAGMA locking_mode=EXCLUSIVE; PRAGMA page_size=4096; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
    "PRAGMA temp_store=MEMORY; PRAGMA cache_size=-16384; PRAGMA wal_autocheckpoint=4000;"
    "CREATE TABLE spool (seq INTEGER PRIMARY KEY, key INTEGER NOT NULL, message BLOB NOT NULL);";

} // namespace

std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges_of(std::vector<std::uint64_t> numbers) {
  std::sort(numbers.begin(), numbers.end());
  std::vector<std::pair<std::uint64_t, std::uint64_t>> out;
  for (const auto number : numbers) {
    if (out.empty() || number > out.back().second + 1)
      out.emplace_back(number, number);
    else
      out.back().second = number;
  }
  return out;
}

floor_spool::floor_spool(const std::string& file, int bell) : bell_{bell} {
  constexpr int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  bool fine = sqlite3_open_v2(file.c_str(), &file_, flags, nullptr) == SQLITE_OK &&
              sqlite3_exec(file_, schema, nullptr, nullptr, nullptr) == SQLITE_OK;
  const std::pair<sqlite3_stmt**, const char*> prepared[]{
      {&begin_, "BEGIN IMMEDIATE"},
      {&insert_, "INSERT INTO spool VALUES (?1, ?2, ?3)"},
      {&erase_, "DELETE FROM spool WHERE seq BETWEEN ?1 AND ?2"},
      {&commit_, "COMMIT"}};
  for (const auto& [into, text] : prepared)
    fine = fine && sqlite3_prepare_v3(file_, text, -1, SQLITE_PREPARE_PERSISTENT, into, nullptr) == SQLITE_OK;
  if (!fine) throw std::runtime_error{file + ": " + sqlite3_errmsg(file_)};
  thread_ = std::thread{[this] { run(); }};
}

floor_spool::~floor_spool() {
  {
    const std::lock_guard held{mutex_};
    stopping_ = true;
  }
  filled_.notify_one();
  thread_.join();
  for (auto* one : {begin_, insert_, erase_, commit_})
    sqlite3_finalize(one);
  sqlite3_close(file_);
}

void floor_spool::hand_over(std::vector<const floor_row*>& rows, std::vector<std::uint64_t>& done) {
  {
    const std::lock_guard held{mutex_};
    rows_.insert(rows_.end(), rows.begin(), rows.end());
    done_.insert(done_.end(), done.begin(), done.end());
  }
  rows.clear();
  done.clear();
  filled_.notify_one(); // calls the kernel only where the thread sleeps
}

floor_times floor_spool::times() {
  const std::lock_guard held{mutex_};
  return times_;
}

void floor_spool::run() {
  std::vector<const floor_row*> rows;
  std::vector<std::uint64_t> done;
  while (true) {
    stages_.begin_round(floor_stage::idle);
    rows.clear();
    done.clear();
    {
      std::unique_lock held{mutex_};
      times_ = stages_.times();
      filled_.wait(held, [this] { return stopping_ || !rows_.empty() || !done_.empty(); });
      if (rows_.empty() && done_.empty()) return;
      rows.swap(rows_);
      done.swap(done_);
    }
    if (!commit(rows, done)) broken_ = true;
    stages_.enter(floor_stage::idle);
    if (!rows.empty() && !broken_) durable_.store(rows.back()->seq, std::memory_order_release);
    if (rows.empty() && !broken_) continue;
    const std::uint64_t one = 1;
    if (::write(bell_, &one, sizeof one) != sizeof one || broken_) return;
  }
}

bool floor_spool::step(sqlite3_stmt* what) {
  const bool fine = sqlite3_step(what) == SQLITE_DONE;
  return sqlite3_reset(what) == SQLITE_OK && fine;
}

bool floor_spool::commit(const std::vector<const floor_row*>& rows, const std::vector<std::uint64_t>& done) {
  stages_.enter(floor_stage::commit);
  bool fine = step(begin_);
  stages_.enter(floor_stage::rows);
  for (const auto* row : rows) {
    sqlite3_bind_int64(insert_, 1, static_cast<sqlite3_int64>(row->seq));
    sqlite3_bind_int64(insert_, 2, static_cast<sqlite3_int64>(row->key));
    sqlite3_bind_blob64(insert_, 3, row->encoded.data(), row->encoded.size(), SQLITE_STATIC);
    fine = fine && step(insert_);
  }
  for (const auto& [first, last] : ranges_of(done)) {
    sqlite3_bind_int64(erase_, 1, static_cast<sqlite3_int64>(first));
    sqlite3_bind_int64(erase_, 2, static_cast<sqlite3_int64>(last));
    fine = fine && step(erase_);
  }
  stages_.enter(floor_stage::commit);
  if (!fine || !step(commit_)) return false;
  erased_.fetch_add(done.size(), std::memory_order_relaxed);
  commits_.fetch_add(1, std::memory_order_relaxed);
  return true;
}

} // namespace causeway::bench
