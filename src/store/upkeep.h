// SPDX-License-Identifier: Apache-2.0
// Gives back what spool.db does not need any more, between commits: free pages to the disk, the log to the
// file (store.h, Upkeep). The store's thread only.
#pragma once

#include "store/store.h"
#include "store/working_spool.h"

namespace causeway::store {

class upkeep {
public:
  // spool must live as long.
  upkeep(const store_options& options, working_spool& spool) : options_{options}, spool_{spool} {}

  void on_commit(mono_time now);
  // Never, until a commit.
  mono_time due() const { return due_; }
  // spool_fails: the disk refuses commits, and the next one that it takes asks again.
  report work(mono_time now, bool spool_fails);

private:
  void give_back(const spool_file::file_pages& there, mono_time now);

  static constexpr mono_time never = mono_time::max();
  const store_options& options_;
  working_spool& spool_;
  mono_time due_ = never;
  mono_time last_commit_{};
  std::uint64_t slice_ = 16; // pages at a time
  bool gave_back_ = false;   // since the log was folded
};

} // namespace causeway::store
