// SPDX-License-Identifier: Apache-2.0
// What store counts, and what of it is shown (figure.h).
#pragma once

#include "model/amount.h"
#include "model/figure.h"

namespace causeway::model {

// Plain numbers, as of the last answer. Monotonic ones end in _total.
struct store_counters {
  amount waiting;                    // durable or queued, not yet erased
  std::uint64_t queued_messages = 0; // appended, not yet answered
  std::uint64_t queued_bytes = 0;
  std::uint64_t appended_total = 0; // durable
  std::uint64_t refused_total = 0;  // not durable
  std::uint64_t erased_total = 0;   // done, durably; dead letters too
  amount dead_letters;              // there now
  // Acknowledged messages that damage has taken, as far as it is known: those that are not there any more, or
  // of which nothing can be read. Found by this process, at its start or later.
  std::uint64_t missing = 0;
  bool missing_unknown = false;       // there may be more: nobody can tell
  std::uint64_t missing_commands = 0; // the same of rows of the ledger
  std::uint64_t unreadable_total = 0; // read back, and not what was stored: not sent
  std::uint64_t dead_letters_total = 0;
  std::uint64_t commits_total = 0;
  std::uint64_t commits_failed_total = 0;
  std::uint64_t fsyncs_total = 0;
  std::uint64_t file_bytes = 0; // of spool.db without its log, as of the last upkeep
  std::uint64_t free_bytes = 0; // of these, for what comes
  std::chrono::microseconds last_commit{0};
  std::chrono::microseconds longest_commit{0};
};
// In the order of the pages, where figures of others stand between them.
extern const figure_table<store_counters> dead_letter_figures;
extern const figure_table<store_counters> spool_figures;
extern const figure_table<store_counters> commit_figures;

} // namespace causeway::model
