// SPDX-License-Identifier: Apache-2.0
// The floor's disk: one table in SQLite, a row a message, and the thread that writes it. What waits when that
// thread is free is one transaction, which is on the disk, fsync included, before anybody hears of it.
#pragma once

#include "causeway_bench/floor_stages.h"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

struct sqlite3;
struct sqlite3_stmt;

namespace causeway::bench {

struct floor_row {
  std::uint64_t seq = 0;
  std::uint64_t key = 0; // what a repeated event is known by
  std::string encoded;
};

// Consecutive numbers, sorted here, as ranges: first and last.
std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges_of(std::vector<std::uint64_t> numbers);

class floor_spool {
public:
  // bell: an eventfd that tells of each commit with rows. Throws std::runtime_error.
  floor_spool(const std::string& file, int bell);
  ~floor_spool();
  floor_spool(const floor_spool&) = delete;
  floor_spool& operator=(const floor_spool&) = delete;

  // The loop's thread. rows: their seqs rise from call to call; each must stay where it is until it is
  // durable. done: rows to erase. Both are empty afterwards.
  void hand_over(std::vector<const floor_row*>& rows, std::vector<std::uint64_t>& done);
  // Any thread. All rows up to this seq are on the disk.
  std::uint64_t durable() const { return durable_.load(std::memory_order_acquire); }
  std::uint64_t erased() const { return erased_.load(std::memory_order_relaxed); }
  std::uint64_t commits() const { return commits_.load(std::memory_order_relaxed); }
  bool is_broken() const { return broken_.load(std::memory_order_relaxed); }
  floor_times times();

private:
  void run();
  bool commit(const std::vector<const floor_row*>& rows, const std::vector<std::uint64_t>& done);
  bool step(sqlite3_stmt* what);

  int bell_;
  sqlite3* file_ = nullptr;
  sqlite3_stmt *begin_ = nullptr, *insert_ = nullptr, *erase_ = nullptr, *commit_ = nullptr;
  std::mutex mutex_; // protects the next five
  std::condition_variable filled_;
  std::vector<const floor_row*> rows_;
  std::vector<std::uint64_t> done_;
  floor_times times_{};
  bool stopping_ = false;
  std::atomic<std::uint64_t> durable_{0}, erased_{0}, commits_{0};
  std::atomic<bool> broken_{false};
  floor_stages stages_;
  std::thread thread_;
};

} // namespace causeway::bench
