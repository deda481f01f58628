// SPDX-License-Identifier: Apache-2.0
// The one place that keeps things over a restart: the spool with its dead letters and recent keys (spool.db),
// the device table (spool.db), the ledger's commands (spool.db) and the assignments (assignments.db), in a
// locked state directory.
//
// Refs are the process's: load gives those on disk the places 0, 1, 2 and so on, and what the disk calls a
// device nobody else hears (device_numbers.h). Before a device comes to the place of another, the other is
// forgotten.
//
// Owner: app. Thread: every call on the owner's thread; each returns at once, having queued bounded work for
// the store's own thread, the only one that talks to SQLite. What is answered comes back through `post` as
// one function per commit or read, so both sorts of events are called on the owner's thread, in order.
//
// What "durable" means. The thread takes all that waits (at most batch_rows or batch_bytes) into one
// transaction and commits it: write-ahead log, synchronous=FULL, so the log has been fsynced before
// on_appended says ok. From then on a kill or a power cut loses nothing, as far as the disk keeps what it
// says it has synced. Marks (model::change::done, where nothing else is to be kept) ride in the next commit,
// or go within mark_delay on their own: a crash in between sends those messages again with the same
// message-id.
//
// Upkeep. A file does not shrink by itself. Where at least an eighth of it is free (half, while there are
// commits), its last pages move to free places and it is cut, a few milliseconds' worth at a time, between
// commits. After a quiet second a log of more than 1 MiB is folded into the file; it keeps its length, so
// that there is room for it on a full disk.
//
// When the disk refuses (full, I/O error), the transaction is rolled back as a whole: its appends are
// answered with store_unavailable and forgotten, their commands with them; changes are kept and tried again
// with back-off and with every later append. Where nothing waits, a trial is written.
// on_store_fault and on_store_healed frame such an episode.
#pragma once

#include "base/clock.h"
#include "model/dead_letter.h"
#include "model/start_image.h"
#include "model/store_totals.h"
#include "store/spool_file.h"

#include <filesystem>
#include <functional>
#include <map>
#include <memory>

namespace causeway::store {

// What is nobody's in particular, beside model::journal_events.
class store_events {
public:
  virtual ~store_events() = default;
  // One answer for each list_dead_letters, read_dead_letter and drop_dead_letters, under the number that it
  // was asked with. Errors: store_unavailable.
  virtual void on_dead_letters(std::uint64_t request, result<model::dead_letter_page> page);
  // Once an episode.
  virtual void on_store_fault(const error& what) = 0;
  virtual void on_store_healed() = 0;
};

struct store_options {
  std::filesystem::path directory;
  std::size_t queued_messages = 50'000; // appended, not yet answered
  std::size_t queued_bytes =
      64ULL * 1024 * 1024;        // of these, refused events with their raw bytes; and commands
  std::size_t batch_rows = 2'000; // a commit's most, but for one large append
  std::size_t batch_bytes = 4ULL * 1024 * 1024;
  std::size_t read_bytes = 1024ULL * 1024; // an on_read_back's most
  milliseconds mark_delay{50};             // how long marks and assignments wait for company
  milliseconds upkeep_delay{1000};         // how long without a commit counts as quiet
  std::uint64_t upkeep_from = 1024;        // free pages of spool.db that are worth giving back
  bool mends = true;                       // false: who only looks; damage is then an error of open
  std::int64_t max_pages = 0;              // of spool.db, 4,096 bytes each; 0: as the disk allows
  // Called by open when the directory is this process's alone, before what lies there is read. Its fault is
  // open's.
  std::function<result<void>()> once_locked{};
};

using model::store_counters;

// Whether open would bring an older state to this version: for those who only look and must change nothing.
// False for what is not there, and for what open will refuse or replace. Takes the directory's lock
// meanwhile. Errors: state_locked, state_unusable.
result<bool> needs_migration(const std::filesystem::path& directory);

class writer;

class store final : public model::journal {
public:
  using post_function = std::function<void(std::function<void()>)>;

  // Locks the directory, opens or makes both files, brings them to this version. post must be callable on any
  // thread until close; what it is given runs on the owner's thread, or never: a function that runs after the
  // store is gone does nothing. now: gives dead letters their time. Errors: state_locked, state_unusable,
  // state_newer; each names the directory or file.
  static result<std::unique_ptr<store>> open(const store_options& options, const clock& now,
                                             post_function post);
  ~store() override; // closes without waiting for more than what runs

  // Everything a start needs. Once, before start. Errors: state_unusable. Who only wants to look (and no
  // gateway runs) opens, loads and lets go, without start.
  result<model::start_image> load();
  // What save_cursor kept. Of applications that are no longer configured, too. After load.
  const std::map<application_id, wall_time>& cursors() const { return cursors_; }
  // Starts the thread. Before it: no call of model::journal.
  void start(model::journal_events& owner, store_events& events);
  // In place of start: no thread, no clock but the owner's. step does what the thread would do at this moment
  // (false: nothing), and posts as ever. What is not done when the store goes is lost, as in a crash.
  void start_by_hand(model::journal_events& owner, store_events& events);
  bool step(moment at);
  // When step has something to do; mono_time::max() when only a call can bring it about.
  mono_time next_step() const;
  // Takes no more appends, commits all that is queued, folds the log into the file and ends the thread; waits
  // until then, at the longest until the deadline. What it answers is posted as ever. Idempotent. Errors:
  // store_unavailable, when something could not be stored; those appends are answered with it.
  result<void> close(mono_time deadline);

  // model::journal. append, errors: store_unavailable (the queue is full), store_closed. Precondition:
  // messages or a refused event, or commands, or one of the former with commands; a device, always. How much
  // may wait is the shard's matter. Commands count as one message each of what is queued, and are no part of
  // what waits.
  result<void> append(model::append_request request) override;
  // Changes that are records of devices alone are queued at most once a device; a listing of 100,000 is
  // stored in commits of batch_rows, which appends overtake, each taking its own device along. One that only
  // forgets commands waits for nobody: an append may come behind it that keeps one of them anew.
  void commit(model::change what) override;
  // An answer stops at read_bytes, but has at least one row. Of what is unreadable a dead letter
  // record_corrupt tells.
  void read_back(std::vector<spool_seq> seqs) override;

  // Until when everything is here that an application's stack received (stack/backfill_window.h). Rides in
  // the next commit; forgotten when that fails, for another follows.
  void save_cursor(const application_id& application, wall_time at);

  // For how long the store has been open in all its life (model::start_image), which must only rise.
  // As save_cursor.
  void save_open_seconds(std::uint32_t open);

  // The dead letters. Answered by on_dead_letters, unless the store is closed before. Who asks bounds how
  // many of these are under way.
  void list_dead_letters(std::uint64_t request, model::dead_letter_query query);
  // A page of one with its content, or of none.
  void read_dead_letter(std::uint64_t request, std::uint64_t id);
  // Those that were there, ids only; durable. Not tried again when the disk refuses.
  void drop_dead_letters(std::uint64_t request, std::vector<std::uint64_t> ids);

  const store_counters& counters() const;

private:
  struct owner_side;
  store(const store_options& options, const clock& now);
  void wake_writer_in_a_moment();

  store_options options_;
  const clock& now_;
  post_function post_;
  std::shared_ptr<owner_side> owner_;
  std::unique_ptr<writer> writer_;
  model::start_image image_; // until load
  std::map<application_id, wall_time> cursors_;
  bool closed_ = false;
};

} // namespace causeway::store
