// SPDX-License-Identifier: Apache-2.0
// The commits of assignments.db, apart from the spool's. The store's thread only.
#pragma once

#include "store/assignment_file.h"
#include "store/group_commit.h"

#include <vector>

namespace causeway::store {

class assignment_commits {
public:
  // spool and commits must live as long.
  assignment_commits(const store_options& options, assignment_file file, working_spool& spool,
                     const group_commit& commits);

  // forgotten: devices that go, and what waits to be kept of them.
  void put(queued_assignments assignments, std::vector<queued_change::forgotten> forgotten, mono_time now);

  bool is_due(mono_time now, bool hurried) const;
  mono_time next_due() const;
  bool is_empty() const { return assignments_.empty() && forgotten_.empty(); }
  void commit(mono_time now);
  // Before the spool says that a device is another now, or gone: after a crash between the two files it would
  // find what was the former's. Does nothing where none is to be forgotten, or the file refuses.
  void commit_forgets(mono_time now);
  // The log goes into the file.
  void fold_for_good();

private:
  result<void> apply(mono_time now);

  const store_options& options_;
  assignment_file file_;
  working_spool& spool_;
  const group_commit& commits_;
  queued_assignments assignments_;
  std::vector<model::device_key> forgotten_; // whose assignments go
  bool forgets_wait_ = false;                // some of both may be
  bool failing_ = false;
  mono_time due_{}, retry_at_{};
};

} // namespace causeway::store
