// SPDX-License-Identifier: Apache-2.0
// The store's thread: takes what is queued, groups it into transactions, reports. Its public calls are for
// the owner's thread; everything else happens on its own.
#pragma once

#include "base/backoff.h"
#include "store/opening.h"
#include "store/store.h"

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <variant>

namespace causeway::store {

struct queued_append {
  model::append_request request;
  amount what;    // of its rows
  amount queued;  // what it counts for while it is not answered
  wall_time at{}; // accepted
};
struct queued_dead_letter {
  spool_seq seq = 0;
  dead_letter_note note;
};
struct queued_cursor {
  application_id application;
  wall_time at{};
};
struct queued_forgotten {
  device_ref device{};
};
struct queued_open_seconds {
  std::uint32_t open = 0;
};
struct queued_drop {
  std::uint64_t request = 0;
  std::vector<std::uint64_t> ids;
  std::vector<std::uint64_t> dropped{}; // once applied
};
using work = std::variant<queued_append, queued_dead_letter, queued_cursor, queued_open_seconds,
                          queued_forgotten, queued_drop>;
// Last call wins, so there is never more than one a device.
using queued_devices = std::map<device_ref, model::device_record>;
// As above; nothing = forget.
using queued_assignments = std::map<device_ref, std::optional<model::assignment>>;

// About dead letters; id 0: the query.
struct question {
  std::uint64_t request = 0;
  std::uint64_t id = 0;
  model::dead_letter_query query;
};
struct page_reply {
  std::uint64_t request = 0;
  result<model::dead_letter_page> page;
};

// What one commit or one read has to tell the owner.
struct report {
  std::vector<model::spool_result> spooled;
  amount appended;                           // durable now
  amount refused;                            // rolled back
  amount concluded;                          // left the queue: both of these, and refused events
  amount erased;                             // left the spool
  std::uint64_t unreadable = 0, missing = 0; // store_counters
  bool missing_unknown = false;
  std::optional<amount> waiting; // in the file, after this report: when that is not known from the others
  std::uint64_t dead_letters = 0;
  std::uint64_t commits = 0, commits_failed = 0, fsyncs = 0;
  std::chrono::microseconds commit_time{0};
  std::optional<error> fault; // an episode begins
  bool healed = false;        // an episode has ended
  bool has_read = false;
  std::vector<model::spool_row> rows;
  std::vector<spool_seq> gone;
  std::vector<page_reply> replies;
  std::optional<model::dead_letter_amounts> kept_dead_letters; // when that may have changed
  std::optional<spool_file::file_pages> pages;                 // after upkeep
};

class writer {
public:
  using report_function = std::function<void(report)>;

  writer(const store_options& options, opened_state state, report_function tell);
  ~writer();

  void start();
  void push(work what);
  // Waits for wake(), or for anything else that wakes the thread.
  void push_quietly(work what);
  void wake();
  // Stored before, or together with, whatever is appended for the device later.
  void push_device(const model::device_record& record);
  void push_mark(spool_seq seq);
  void push_read(std::vector<spool_seq> seqs);
  void push_question(question what);
  void push_assignment(device_ref device, std::optional<model::assignment> where);
  void push_forgotten(device_ref device, const model::device_key& key);
  // True: everything was stored.
  bool stop(mono_time deadline);

private:
  struct inbox {
    std::vector<work> pieces;
    queued_devices devices;
    std::vector<spool_seq> marks;
    std::vector<std::vector<spool_seq>> reads;
    std::vector<question> questions;
    queued_assignments assignments;
    std::vector<std::pair<device_ref, model::device_key>> forgotten;
  };

  // What a transaction will have done once it is committed.
  struct progress {
    amount erased;
    std::uint64_t dead_letters = 0;
    bool letters_changed = false;
    std::set<device_ref> saved; // of devices_, those among them that are forgotten
    std::uint32_t next_device = 0;
    spool_seq next_seq = 0;
    std::set<spool_seq> not_replayed;    // appends whose dead letter was gone, by first seq
    std::map<spool_seq, amount> letters; // that appends have left, by first seq
  };

  void run();
  // Waits for something to do. False: it is time to end.
  void rouse();
  bool take();
  void empty_inbox(); // mutex_ held
  bool commit_is_due(mono_time now) const;
  bool read_is_due(mono_time now) const;
  bool assignments_are_due(mono_time now) const;
  mono_time next_due() const; // precondition: nothing is due
  std::size_t group() const;
  void commit_group();
  result<void> apply(std::size_t pieces, std::size_t marks, std::size_t devices, progress& done);
  result<void> write(std::size_t pieces, std::size_t marks, std::size_t devices, progress& done);
  bool erase_alone(std::size_t marks, report& out);
  void forget_marks(std::size_t first);
  result<void> apply_one(work& what, progress& done);
  result<void> apply_append(const queued_append& what, progress& done);
  result<void> apply_device(device_ref which, progress& done);
  void conclude(std::size_t pieces, const result<void>& outcome, const progress& done, report& out);
  void note_outcome(const result<void>& outcome, report& out);
  void commit_assignments();
  void commit_forgets();
  result<void> apply_assignments();
  void serve_read();
  void answer_question();
  void upkeep();
  void note_commit();
  void give_back(const spool_file::file_pages& there);
  result<void> read_rows(const std::vector<spool_seq>& seqs, report& out);
  result<bool> read_one(spool_seq seq, report& out, std::size_t& bytes, bool& mended);
  bool mend(const error& why, report& out);
  void count_after_mending(report& out);
  void note_erased(std::size_t pieces, std::size_t marks);
  bool idle() const {
    return work_.empty() && devices_.empty() && marks_.empty() && reads_.empty() && questions_.empty() &&
           assignments_.empty() && forgotten_.empty();
  }

  // Constant after construction.
  const store_options options_;
  const report_function tell_;
  directory_lock lock_;

  // Protected by mutex_.
  std::mutex mutex_;
  std::condition_variable filled_, ended_;
  inbox inbox_;
  bool sleeping_ = false;    // the thread waits for filled_
  bool minds_marks_ = false; // it sleeps until they are due: another one need not wake it
  bool stopping_ = false;    // finish what is there
  bool abandon_ = false;     // the deadline has passed
  bool has_ended_ = false;
  bool left_something_ = false;

  // The thread's own.
  spool_file spool_;
  assignment_file assignment_file_;
  witness_file witness_;
  std::set<spool_seq>
      erased_; // since the reads that wait were asked for: their rows are gone for good reason
  std::deque<work> work_;
  queued_devices devices_;
  std::vector<spool_seq> marks_;
  std::deque<std::vector<spool_seq>> reads_;
  std::deque<question> questions_;
  queued_assignments assignments_;
  std::vector<model::device_key> forgotten_; // whose assignments go
  mono_time marks_due_{};
  bool mended_ = false;       // what waits must be counted anew
  bool hurried_ = false;      // stopping: nothing waits for company
  bool fresh_append_ = false; // an append came since the last try
  bool failing_ = false;      // an episode of refused commits; work_ and marks_ wait until retry_at_
  mono_time retry_at_{};
  backoff retry_;
  bool assignments_failing_ = false;
  bool forgets_wait_ = false; // some of both may be
  mono_time assignments_due_{};
  mono_time assignments_retry_at_{};
  bool reads_failing_ = false;
  mono_time reads_retry_at_{};
  static constexpr mono_time never = mono_time::max();
  mono_time upkeep_at_ = never;
  mono_time last_commit_{};
  std::uint64_t slice_ = 16;  // pages at a time
  std::size_t most_pieces_;   // in a group: fewer when the disk has refused more
  std::uint64_t trial_bytes_; // what has to fit before the disk counts as healed
  bool gave_back_ = false;    // since the log was folded
  std::uint64_t syncs_seen_ = 0;

  std::thread thread_; // last: everything above is there before it runs
};

} // namespace causeway::store
