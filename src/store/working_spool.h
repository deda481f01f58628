// SPDX-License-Identifier: Apache-2.0
// spool.db in its locked directory while commits and reads go on: opened again where it was closed, replaced
// where it is damaged. The store's thread only.
#pragma once

#include "store/lock.h"
#include "store/spool_file.h"
#include "store/witness.h"
#include "store/work.h"

#include <cstdint>

namespace causeway::store {

class working_spool {
public:
  // max_pages: as store_options.
  working_spool(directory_lock lock, spool_file file, witness_file witness, std::int64_t max_pages);

  spool_file& file() { return file_; }
  // Before a transaction: the directory is still there, the file is open, and its log is not so long that it
  // would grow for ever. Errors: store_unavailable.
  result<void> make_ready();
  // After a commit that has given numbers up to this one.
  void bear_witness(spool_seq last);
  // True: a new file is open, made of what is whole in the one that was. What is missing is added to the
  // report, once.
  bool mend(const error& why, wall_time now, report& out);
  bool is_mended() const { return mended_; }
  // Once after a mending: what waits in the file now.
  void count_after_mending(report& out);
  // fsyncs of the process since the last call.
  std::uint64_t take_syncs();
  // The log goes into the file. False: it could not.
  bool fold_for_good();

private:
  directory_lock lock_;
  spool_file file_;
  witness_file witness_;
  std::int64_t max_pages_;
  bool mended_ = false; // what waits must be counted anew
  std::uint64_t syncs_seen_;
};

} // namespace causeway::store
