// SPDX-License-Identifier: Apache-2.0
// The store's thread: takes what the owner's has put in, and lets each of its parts do what is due. Its
// public calls are for the owner's thread; everything else happens on its own.
#pragma once

#include "store/assignment_commits.h"
#include "store/group_commit.h"
#include "store/opening.h"
#include "store/reading.h"
#include "store/upkeep.h"

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace causeway::store {

class writer {
public:
  using report_function = std::function<void(report)>;

  writer(const store_options& options, opened_state state, report_function tell);
  ~writer();

  void start();
  // In place of start, on the owner's thread and by its clock: what the thread would do at this moment.
  // False: nothing. What is not done when the writer goes is lost, as in a crash.
  bool step(moment at);
  // When step has something to do; mono_time::max() when only a push can bring it about.
  mono_time next_step();
  void push(work what);
  // Waits for wake(), or for what is pushed behind it.
  void push_quietly(work what);
  void wake();
  void push(queued_change change);
  void push_read(std::vector<spool_seq> seqs);
  void push_question(question what);
  // True: everything was stored.
  bool stop(mono_time deadline);

private:
  void run();
  moment now() const;
  void rouse(std::unique_lock<std::mutex> held);
  // Waits for something to do. False: it is time to end.
  bool take();
  bool is_anything_due(mono_time at) const;
  void fall_asleep();
  void do_what_is_due();
  void empty_inbox(); // mutex_ held
  bool idle() const { return commits_.is_empty() && reading_.is_empty() && assignments_.is_empty(); }

  // Constant after construction.
  const store_options options_;
  const report_function tell_;

  // Protected by mutex_.
  std::mutex mutex_;
  std::condition_variable filled_, ended_;
  inbox inbox_;
  bool stopping_ = false; // finish what is there
  bool abandon_ = false;  // the deadline has passed
  bool has_ended_ = false;
  bool left_something_ = false;
  struct sleep {      // no initialisers: clang takes one inside a class for no default constructor
    bool now;         // the thread waits for filled_,
    bool minds_marks; // until they are due, or longer: another one need not wake it
    mono_time until;
  };
  sleep sleep_{};

  // The thread's own.
  working_spool spool_;
  gone_rows gone_;
  group_commit commits_;
  assignment_commits assignments_;
  reading reading_;
  upkeep upkeep_;
  std::optional<moment> stepped_at_; // no thread: the owner's time
  bool hurried_ = false;             // stopping: nothing waits for company

  std::thread thread_; // last: everything above is there before it runs
};

} // namespace causeway::store
