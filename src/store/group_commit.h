// SPDX-License-Identifier: Apache-2.0
// What is to be kept, grouped into transactions of spool.db; what becomes of it when the disk refuses. The
// store's thread only.
#pragma once

#include "base/backoff.h"
#include "store/store.h"
#include "store/working_spool.h"

#include <deque>
#include <functional>
#include <map>
#include <set>
#include <vector>

namespace causeway::store {

inline constexpr std::size_t enough_marks = 2000; // for a commit of their own before their time

// Rows that have gone while reads waited for them: for good reason.
struct gone_rows {
  bool wanted = false;
  std::set<spool_seq> seqs;
};

class group_commit {
public:
  // spool and gone must live as long. now: asked again after a commit, which may take its time.
  group_commit(const store_options& options, working_spool& spool, gone_rows& gone,
               std::function<moment()> now);

  void put(work piece);
  void put(const std::vector<spool_seq>& marks, mono_time now);

  // hurried: nothing waits for company.
  bool is_due(mono_time now, bool hurried) const;
  // When there is something to do unless more comes; precondition: it is not due.
  mono_time next_due() const;
  // It is known when the marks go: more of them change nothing.
  bool minds_marks() const { return !marks_.empty() || expects_marks_; }
  bool is_empty() const { return work_.empty() && devices_.empty() && marks_.empty(); }
  // The disk refuses.
  bool is_failing() const { return failing_; }
  // Waits to be saved.
  bool has_device(stored_number which) const { return devices_.contains(which) || named_.contains(which); }
  // Is to be erased, although it may still lie there. Precondition: sort_marks since the last put or commit.
  bool is_marked(spool_seq seq) const;
  void sort_marks();

  // One transaction, or none when the disk refuses it.
  report commit();
  // Of the last commit, once its report is on its way.
  void bear_witness();
  // The end: appends that still wait are answered.
  report give_up();

private:
  // What a transaction will have done once it is committed.
  struct progress {
    amount erased;
    std::uint64_t dead_letters = 0;
    bool letters_changed = false;
    std::set<stored_number> saved; // those among them that are forgotten
    std::uint32_t next_device = 0;
    spool_seq next_seq = 0;
    std::set<model::append_id> not_replayed;    // appends whose dead letter was gone
    std::map<model::append_id, amount> letters; // that appends have left
  };
  // So many of each.
  struct share {
    std::size_t pieces = 0, marks = 0, devices = 0;
  };

  std::size_t group() const;
  share next_share() const;
  result<void> apply(const share& of, progress& done);
  result<void> write(const share& of, progress& done);
  result<void> apply_one(work& what, progress& done);
  result<void> apply_append(const queued_append& what, progress& done);
  result<void> apply_change(const queued_change& change, progress& done);
  result<void> apply_device(stored_number which, progress& done);
  result<void> erase(std::vector<spool_seq> seqs, progress& done);
  bool erase_alone(std::size_t marks, report& out);
  void forget_marks(std::size_t first);
  void note_gone(std::size_t pieces, std::size_t marks);
  void conclude(std::size_t pieces, const result<void>& outcome, const progress& done, report& out);
  void put_change(queued_change change);
  void put_record(queued_change::saved one);
  void note_named(const queued_change& what, bool are);
  void expect_marks(const report& told);
  void note_outcome(const result<void>& outcome, report& out);

  const store_options& options_;
  working_spool& spool_;
  gone_rows& gone_;
  std::function<moment()> now_;
  std::deque<work> work_;
  // Records that may be overtaken: none of the changes in work_ names their device.
  queued_devices devices_;
  std::map<stored_number, std::size_t> named_; // by how many changes in work_
  std::vector<spool_seq> marks_;
  mono_time marks_due_{};
  bool expects_marks_ = false; // rows were stored, whose marks come soon; marks_due_ is theirs
  bool fresh_append_ = false;  // an append came since the last try
  bool failing_ = false;       // an episode of refused commits; work_ and marks_ wait until retry_at_
  mono_time retry_at_{};
  backoff retry_;
  spool_seq reached_ = 0;     // numbers below this one have been given by a commit that has no witness yet
  std::size_t most_pieces_;   // in a group: fewer when the disk has refused more
  std::uint64_t trial_bytes_; // what has to fit before the disk counts as healed
};

} // namespace causeway::store
