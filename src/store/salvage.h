// SPDX-License-Identifier: Apache-2.0
// A spool that a disk has damaged: what is still whole in it, and a new one made of that. It is read without
// SQLite (tree_scan.h), so one bad page costs what is on it; every row is believed by its own checksum.
// Precondition of all: the directory's lock is held, and nobody has the file open. Blocks for as long as the
// file is long.
#pragma once

#include "base/clock.h"
#include "store/spool_file.h"
#include "store/tree_scan.h"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace causeway::store {

struct spool_findings {
  scan_findings pages;
  bool log_damaged = false; // for certain (log_scan.h)
  std::uint64_t log_behind = 0, log_bad = 0;
  bool ours = false;                   // by its head, or by what is in it
  std::optional<std::int64_t> version; // of spool.db; nothing: its header cannot be read
  std::optional<tally> counts;
  std::uint64_t whole = 0;                // messages that can be sent
  std::uint64_t unprotected = 0;          // of these, without a seal: from a version before
  std::optional<std::uint64_t> lost;      // messages; nothing: the tally cannot be read, so nobody can tell
  std::uint64_t unreadable = 0;           // messages known to have waited whose record cannot be read
  std::uint64_t bad_rows = 0;             // of spool and device, that are not what was stored
  std::uint64_t devices = 0, renamed = 0; // renamed: known by their messages alone
  std::uint64_t letters = 0, bad_letters = 0; // dead letters; bad: whose content is not what was stored
  // Dead letters, by their sums; nothing: those cannot be read either, so nobody can tell.
  std::optional<std::uint64_t> lost_letters;
  std::uint64_t commands = 0, bad_commands = 0; // of the ledger; bad: that are not what was stored
  // Commands, by the tally, those among them; nothing: nobody can tell.
  std::optional<std::uint64_t> lost_commands;
  std::uint64_t misplaced = 0; // rows in a table that they do not fit, or that is not theirs
  std::uint64_t bad_cursors = 0;
  bool lost_open_time = false;
  spool_seq highest = 0; // of all that was seen

  // Something is not as it was stored.
  bool damaged() const;
  // One line a thing that is wrong, for a person.
  std::vector<std::string> faults() const;
};

class survey {
public:
  // Reads all of the file and of its log. Errors: state_unusable (it cannot be opened).
  static result<survey> make(const std::filesystem::path& file);
  survey(survey&&) noexcept;
  ~survey();

  const spool_findings& findings() const;
  // Whether this Causeway may say what is wrong with it, and make a new one. Errors: state_newer;
  // state_unusable, somebody else's database.
  result<void> judge() const;
  // Makes a new spool of what is whole, in the place of the old one, which is kept as FILE.damaged-N with its
  // log. Messages that waited and cannot be read become dead letters with the reason record_corrupt and what
  // there is of them. next_seq: at least so much. Errors: those of judge; state_unusable. Then the old one
  // lies where it lay.
  result<std::filesystem::path> replace(spool_seq next_seq, wall_time now);

  struct state; // survey_state.h

private:
  explicit survey(std::unique_ptr<state> all);
  std::unique_ptr<state> all_;
};

// What the log has. Before anybody touches the file. Errors: state_newer, also of a damaged file, as long as
// its header can be read; state_unusable.
result<log_findings> look_first(const std::filesystem::path& file);

// A replacement that a crash has stopped half-way is finished, or undone where it was not complete. Before
// anybody opens the file. Errors: those of look_first.
result<void> finish_replacement(const std::filesystem::path& file);

// How many damaged copies of this file lie beside it. A start makes no more than most_kept_aside.
inline constexpr int most_kept_aside = 5;
int kept_aside(const std::filesystem::path& file);

} // namespace causeway::store
