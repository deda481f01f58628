// SPDX-License-Identifier: Apache-2.0
// spool.db: its statements, and nothing about threads or groups. One thread at a time.
#pragma once

#include "base/clock.h"
#include "model/dead_letter.h"
#include "model/start_image.h"
#include "store/command_rows.h"
#include "store/database.h"
#include "store/device_numbers.h"

#include <filesystem>
#include <optional>
#include <utility>
#include <vector>

namespace causeway::store {

using model::amount;

// What append has done to the dead letters.
struct append_effect {
  amount letters;    // that have come
  bool gone = false; // one has gone
};

// What each commit says of the whole file, so that what a damaged page no longer shows is missed.
struct tally {
  spool_seq next_seq = 1;
  std::uint32_t next_device = 0; // the number after the highest that a device was given
  std::uint64_t waiting = 0;     // rows of spool
  spool_seq sealed_from = 1;     // records before it may be of a version without seals
  std::uint64_t commands = 0;    // rows of command
  std::int64_t next_command = 1; // n of the next one that is new
  friend bool operator==(const tally&, const tally&) = default;
};

// What loading has found in disorder. Nothing of what is damaged is in what was loaded.
struct spool_damage {
  std::uint64_t rows = 0;         // of spool: changed, or missing by the tally
  std::uint64_t devices = 0;      // changed
  std::uint64_t dead_letters = 0; // missing by the tally
  std::uint64_t commands = 0;     // changed, or missing by the tally
  std::string detail;             // of the first fault; empty: all is well
  bool any() const { return !detail.empty(); }
  void note(const std::string& what) {
    if (detail.empty()) detail = what;
  }
};

// A device came with a number that is another's: a fault in Causeway.
void log_number_taken(stored_number number, const model::device_record& record);

class spool_file {
public:
  // Errors: state_unusable (names the file and what to do), state_newer.
  static result<spool_file> open(const std::filesystem::path& file, std::int64_t max_pages);
  // damaged: whether the file's content is why it could not be opened. False where another program has it
  // open, or the disk refuses to write.
  static result<spool_file> open(const std::filesystem::path& file, std::int64_t max_pages, bool& damaged);

  // Only to look, with the loads, at a file of this version (database::open_to_look).
  static result<spool_file> open_to_look(const std::filesystem::path& file);

  database& db() { return db_; }
  // Of no file: every call is a fault, until one is assigned. What was open is closed.
  spool_file() = default;
  spool_file(spool_file&&) noexcept = default;
  spool_file& operator=(spool_file&& other) noexcept;
  void close();

  struct file_pages {
    std::uint64_t all = 0, free = 0;
  };
  result<file_pages> pages();
  // The version that the file had when it was opened; 0: there was nothing in it.
  std::int64_t version_found() const { return version_found_; }
  // What waits, counted in the file.
  result<amount> count_waiting();
  // Takes so many free pages, or fewer, out of the file; a transaction of its own. The file on the disk is
  // cut when the log is folded into it.
  result<void> give_back(std::uint64_t pages);

  const tally& counts() const { return tally_; }
  // What open and spool_loader have found; what waits, dead letters and commands are compared with the
  // tally's.
  spool_damage& damage() { return damage_; }
  // As many rows wait as the tally says.
  result<bool> is_complete();

  // All below belong into a transaction of db().
  // A number keeps its (application, device) for ever; another one for it is refused, logged and not saved.
  // The record's ref is no matter of the file.
  result<void> save_device(stored_number number, const model::device_record& record);
  // Less than what is there is passed over.
  result<void> save_open_seconds(std::uint32_t open);
  // With its keys. Precondition: no row of it is in the spool.
  result<void> forget_device(stored_number device);
  // What save_device has reached: the number after the highest.
  void note_next_device(std::uint32_t next);
  // at: when it was accepted. Precondition: the seqs rise from call to call. Adds to the effect.
  // device: the request's. first: the number of the first row, or of the refused event.
  result<void> append(const model::append_request& request, stored_number device, spool_seq first,
                      wall_time at, append_effect& effect);
  // Writes and erases a row of so many bytes: whether there is room again.
  result<void> try_out(std::uint64_t bytes);
  // What append has reached.
  void note_next_seq(spool_seq next);
  // The last of a transaction: what all before it has made of the numbers.
  result<void> save_tally();
  // seqs: ascending. Those that are not there are passed over. What went is added to gone.
  result<void> erase(const std::vector<spool_seq>& seqs, amount& gone);
  // Moves the row; a row that is not there is passed over. What left the spool is added to gone.
  result<void> dead_letter(spool_seq seq, const error& reason, wall_time at, amount& gone);
  result<void> save_cursor(const application_id& application, wall_time at);
  // In place of what was kept of it. at: now. Errors: store_damaged, when the file's order is broken;
  // store_unavailable.
  result<void> keep_command(const model::kept_command& what, wall_time at);
  // One that is not there is passed over. Errors: as above.
  result<void> forget_command(const model::command_id& which);
  // False: there is none of this id.
  result<bool> take_dead_letter(std::uint64_t id);

  // The row with its body; nothing when it is gone. Errors: record_corrupt (its record is not what was
  // stored), store_damaged (no record, or another table's row, or another device's: the file's order is
  // broken), store_unavailable.
  result<std::optional<model::spool_row>> read(spool_seq seq);
  // How much there is of each application, empty name: not known; those that have none are left out.
  result<model::dead_letter_amounts> count_dead_letters();
  // Nothing when the device is not there.
  result<std::optional<model::device_key>> find_device(stored_number device);
  // After a rollback: as it was before.
  void undo_tally(const tally& before) { tally_ = saved_ = before; }

private:
  struct statements {
    statement insert_row, insert_record, add_key, sum_rows, erase_rows, erase_records, save_tally,
        save_device;
    statement move_row, insert_raw, drop_dead_letter, read_row, find_device, save_cursor, keyed_letter,
        forget_device, forget_keys, forget_ring, save_open;
  };
  spool_file(database db, statements prepared, command_rows commands)
      : db_{std::move(db)}, sql_{std::move(prepared)}, commands_{std::move(commands)} {}
  static result<statements> prepare(database& db);
  result<void> bury_event(const model::append_request& request, spool_seq number, wall_time at,
                          append_effect& effect);
  result<void> insert_refused(const model::append_request& request, spool_seq number, wall_time at);
  result<void> add_key(stored_number device, const model::kept_key& key);
  struct keyed_letter {
    std::uint64_t id = 0, bytes = 0;
  };
  result<std::optional<keyed_letter>> find_letter(const std::optional<model::kept_key>& key);
  result<void> load_tally();
  void compare_dead_letters(const model::dead_letter_amounts& by_sum);
  void begin_log();
  result<void> erase_range(spool_seq first, spool_seq last, amount& gone);

  database db_; // before the statements: they must go first
  statements sql_;
  command_rows commands_;
  bool may_have_keyed_letters_ = false; // until then nothing is looked for
  std::int64_t version_found_ = 0;
  tally tally_, saved_; // saved_: as the file has it, if the last transaction was committed
  spool_damage damage_;
};

} // namespace causeway::store
