// SPDX-License-Identifier: Apache-2.0
// What is read while the gateway runs: bodies that go to their hubs, and dead letters. What turns out to be
// damaged becomes a dead letter, or is mended. The store's thread only.
#pragma once

#include "store/group_commit.h"

#include <deque>
#include <optional>
#include <vector>

namespace causeway::store {

class reading {
public:
  // spool, commits and gone must live as long.
  reading(const store_options& options, working_spool& spool, group_commit& commits, gone_rows& gone);

  void put(std::vector<std::vector<spool_seq>> reads, std::vector<question> questions);
  bool is_read_due(mono_time now) const { return !reads_.empty() && now >= retry_at_; }
  bool has_questions() const { return !questions_.empty(); }
  mono_time next_due() const { return reads_.empty() ? mono_time::max() : retry_at_; }
  bool is_empty() const { return reads_.empty() && questions_.empty(); }
  // Nobody sends any more.
  void call_off();

  // Precondition: is_read_due. Nothing: it could not be read, and is tried again.
  std::optional<report> read(moment now);
  // Precondition: has_questions.
  report reply();

private:
  result<void> read_rows(const std::vector<spool_seq>& seqs, wall_time now, report& out);
  result<bool> read_one(spool_seq seq, wall_time now, report& out, std::size_t& bytes, bool& mended);

  const store_options& options_;
  working_spool& spool_;
  group_commit& commits_;
  gone_rows& gone_;
  std::deque<std::vector<spool_seq>> reads_;
  std::deque<question> questions_;
  bool failing_ = false;
  mono_time retry_at_{};
};

} // namespace causeway::store
