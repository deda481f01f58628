// SPDX-License-Identifier: Apache-2.0
// How a state directory is opened: what lies there is looked at before SQLite may touch it, damage is told
// and mended as far as it goes, and what is missing is told with its count.
#pragma once

#include "store/assignment_file.h"
#include "store/lock.h"
#include "store/spool_file.h"
#include "store/store.h"
#include "store/witness.h"

#include <map>
#include <vector>

namespace causeway::store {

struct opened_state {
  directory_lock lock;
  spool_file spool;
  assignment_file assignments;
  std::vector<stored_assignment> known; // of assignments
  model::start_image image;             // but for its assignments
  std::vector<stored_number> numbers;   // of its devices, by place
  std::map<application_id, wall_time> cursors;
  witness_file witness;
  // Of messages that were acknowledged: that cannot be read any more, or are not there; as far as it is
  // known.
  std::uint64_t missing = 0;
  bool missing_unknown = false; // there may be more
  std::uint64_t missing_commands = 0;
};

struct mended_spool {
  std::uint64_t missing = 0; // messages
  bool unknown = false;      // there may be more, or commands that are
  std::uint64_t commands = 0;
};

// Errors: state_locked, state_unusable, state_newer, and those of once_locked.
result<opened_state> open_state(const store_options& options, wall_time now);

// The damaged spool is replaced by what is whole in it. The file must be closed. Nothing: it could not be,
// and lies as it lay. Tells what became of it.
std::optional<mended_spool> mend_spool(const std::filesystem::path& file, const std::string& why,
                                       wall_time now);

// What a start would find to be damaged by what SQLite and its loads say, beside what a survey says; empty:
// nothing, or its log is not empty, so nobody can look without changing it. Changes nothing. Precondition:
// the directory's lock is held.
std::string look_as_a_start(const std::filesystem::path& file);

inline constexpr std::uint32_t first_with_witness = 7; // version of spool.db

} // namespace causeway::store
