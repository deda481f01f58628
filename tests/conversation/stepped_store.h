// SPDX-License-Identifier: Apache-2.0
// The shipped store on faulty_disk, stepped by hand: a commit takes its time on the manual clock, and a crash
// loses what was not committed. Outlives the gateways that use it.
#pragma once

#include "core/shard.h"
#include "store/store.h"

#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

namespace causeway::conversation {

// What becomes of the group that is being committed when the gateway crashes.
enum class crash_point : std::uint8_t {
  before_commit,
  after_commit, // durable, but nobody has heard of it
};

class stepped_store final : public model::journal, model::journal_events, store::store_events {
public:
  // In a directory of its own.
  explicit stepped_store(const manual_clock& clock);
  ~stepped_store() override;

  void answer_to(core::shard* shard) { shard_ = shard; }
  // What a start reads.
  model::start_image load();
  void crash(crash_point where);

  // Commits what is due and answers; false when there was nothing to do.
  bool step();
  // When step() is worth calling although nothing has happened.
  std::optional<mono_time> deadline() const;

  // The writes of the disk that come after so many more each fail, once: the next of these is counted from
  // the last one that has failed.
  void fail_writes(std::deque<std::size_t> after);
  std::size_t writes_failed() const;
  std::size_t writes() const;
  std::size_t episodes() const { return episodes_; } // of a store that refuses

  std::size_t waiting_rows() const { return store_ ? store_->counters().waiting.messages : 0; }
  std::size_t dead_letters() const { return store_ ? store_->counters().dead_letters.messages : 0; }
  std::uint64_t rows_done() const { return rows_done_ + (store_ ? store_->counters().erased_total : 0); }
  std::uint64_t rows_read_back() const { return rows_read_back_; }
  std::size_t largest_group() const { return largest_group_; }
  // A row that was marked done or moved twice, or that was never there.
  std::uint64_t marks_without_row() const { return marks_without_row_; }

  result<void> append(model::append_request request) override;
  void commit(model::change what) override;
  void read_back(std::vector<spool_seq> seqs) override;

private:
  void on_appended(const std::vector<model::appended>& what, moment now) override;
  void on_rows(std::vector<model::fresh_row> rows, moment now) override;
  void on_read_back(std::vector<model::spool_row> rows, const std::vector<spool_seq>& gone,
                    moment now) override;
  void on_dead_letters_counted(const model::dead_letter_amounts& are) override;
  void on_store_fault(const error& what) override;
  void on_store_healed() override {}

  void take_row(spool_seq seq);

  const manual_clock& clock_;
  std::filesystem::path directory_;
  core::shard* shard_ = nullptr;
  std::unique_ptr<store::store> store_;
  std::deque<std::function<void()>> posted_;
  std::optional<mono_time> commit_at_;
  std::set<spool_seq> rows_; // of this gateway's life, as it should be
  std::uint64_t rows_done_ = 0, rows_read_back_ = 0, marks_without_row_ = 0;
  std::size_t largest_group_ = 0, episodes_ = 0;
};

} // namespace causeway::conversation
