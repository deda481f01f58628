// SPDX-License-Identifier: Apache-2.0
// SQLite's write-ahead log, read without SQLite: that takes the first frame that does not match for the log's
// end, as a power cut leaves one. But each commit is on the disk before the next one begins, so a cut spoils
// the last commit only; a frame that does not match, with another commit's behind it, is damage.
// Any thread.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <filesystem>
#include <map>

namespace causeway::store {

struct log_findings {
  std::uint32_t page_size = 4096;
  std::uint64_t good = 0;                        // frames that SQLite takes, up to the last commit among them
  std::uint64_t bad = 0;                         // frames between these and the last good one
  std::uint64_t behind = 0;                      // good frames that it does not look at
  bool damaged = false;                          // for certain
  std::uint32_t pages = 0;                       // of the database after the last commit; 0: there is none
  std::map<std::uint32_t, std::uint64_t> newest; // page -> where it lies in the log, in its newest good frame
};

// A log that is not there is one without frames. damaged: what is behind counts too. Errors: state_unusable,
// when it cannot be read.
result<log_findings> scan_log(const std::filesystem::path& log);

} // namespace causeway::store
