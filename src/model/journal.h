// SPDX-License-Identifier: Apache-2.0
// Between the core and the disk: what is to be kept, what has become of it, and what the disk says of both.
// Each call returns at once; what there is to say comes by journal_events, on the caller's thread.
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "model/amount.h"
#include "model/assignment.h"
#include "model/command.h"
#include "model/dead_letter.h"
#include "model/event.h"
#include "model/message.h"
#include "model/shard.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace causeway::model {

struct spool_row {
  spool_seq seq = 0;
  message body;
};

// An event that its format has refused, as received: a dead letter from the start.
struct refused_event {
  device_key from;
  std::string raw;
  error reason;
};

// A de-duplication key as it is kept: for each device and kind the last 32.
struct kept_key {
  // In place of a kind: what a version before decision 17 has left (former_hash), of all kinds.
  static constexpr char former = '\0';
  char kind = former;     // letter_of
  std::uint64_t hash = 0; // short_hash
  friend bool operator==(const kept_key&, const kept_key&) = default;
};

// A command of the ledger as it is kept: what its content says is the ledger's own matter.
struct kept_command {
  command_id id;
  device_key of;
  std::string content;
  friend bool operator==(const kept_command&, const kept_command&) = default;
};

// By which an append is answered: rises with each append of a process, begins anew with it; 0: none.
enum class append_id : std::uint64_t {};

// What one event leaves behind: its messages, or itself with the reason why there are none. All of it goes
// into one transaction. A fact, whoever appends it; the journal gives the numbers.
struct append_request {
  append_id id{};
  // Nothing: its shard is another process's, so that nobody here has looked for duplicates; or, of commands
  // alone, the device is not there any more.
  std::optional<device_ref> device{};
  // With messages: to be remembered, and the dead letter of an event of this key goes. With a refused event:
  // what its dead letter is kept under. There is one dead letter a key: a longer event takes the place of a
  // shorter one, which a field mask has cut; any other finds it there already.
  std::optional<kept_key> key;
  std::vector<message> messages;
  std::optional<refused_event> refused{}; // only when there are no messages
  // The dead letter that goes as the messages come; when it is not there any more, nothing is stored and the
  // answer is not_found.
  std::optional<std::uint64_t> replays{};
  // Whose it is, in words: kept with each row and refused event, so that damage never makes it another's.
  device_key from{};
  std::optional<std::uint64_t> dev_eui{}; // as known now
  std::uint32_t accepted_at = 0;          // in open seconds (start_image)
  mono_time accepted{};                   // the same by this process's clock, for latencies
  // Commands as they stand with this, each in place of what was kept of it. With nothing else beside them
  // the append has no row, and is answered all the same.
  std::vector<kept_command> commands{};
};

// What has become of an append.
struct appended {
  append_id id{};
  result<void> outcome; // durable, or why not
  amount letters{};     // dead letters that have come with it
};

// Whose a row is, in a journal of several processes.
struct row_owner {
  device_key key;
  std::optional<std::uint64_t> dev_eui{}; // as the append's
  bool goes_on = false;                   // a further row of the event of the row before it
};

// A row that has just become durable, of a shard of this process. The numbers rise from row to row of a
// device.
struct fresh_row {
  spool_seq seq = 0;
  device_ref device{};           // as its append said; meaningless with `owner`
  append_id by{};                // of this process; 0: another one has appended it
  std::optional<kept_key> key{}; // the event's, with the first of its rows
  std::uint32_t accepted_at = 0; // as the append's
  mono_time accepted{};          // likewise; of another process: when the row came
  message body;
  // Of a journal of several processes: the rows of one event come one after the other, and the core looks for
  // duplicates among them, for who appended them knew of its own at most. Nothing: there is one process,
  // which has done so.
  std::unique_ptr<row_owner> owner{};
};

struct device_record {
  device_ref ref{};
  device_key key;
  causeway::dev_eui dev_eui;
  // As the registry said last; meaningful once it has said anything.
  bool listed = false;
  std::optional<bool> integration{};
  std::string model_id{};
  bool deleted = false; // it was listed, and the registry has no such device any more
  // When it could not be attached first with messages waiting, in open seconds (start_image); 0: not so.
  std::uint32_t refused_at = 0;
  // Its DevEUI, and its identity with it, was another one: what waits up to this is the former device's; 0:
  // nothing. The same of what this append stores, which is on its way: the journal puts its number in.
  spool_seq former_until = 0;
  append_id former_append{};
  bool attached = false; // once at least
};

// What must be durable together. Only the owner of the devices writes one.
struct change {
  struct buried {
    spool_seq seq = 0;
    error reason;
  };
  struct placed {
    device_ref device{};
    std::optional<assignment> where; // nothing: none any more
    device_key key{};
  };
  struct forgotten {
    device_ref device{};
    device_key key;
  };
  // Delivered, or given up: these rows may go. A crash before it is durable sends them again with the same
  // id.
  std::vector<spool_seq> done;
  std::vector<buried> dead_letters; // these rows move to the dead letters
  std::vector<device_record> devices;
  std::vector<placed> assignments;
  // With assignment and keys; what waits for it has become dead letters. Its place may be another's after
  // this, under another ref.
  std::vector<forgotten> gone;
  // These are kept no longer.
  std::vector<command_id> forgotten_commands{};
  // These shards are nobody's from this change on, and all of it is durable by then. Of a journal of one
  // process there is none.
  std::vector<shard_number> released;

  bool is_empty() const {
    return done.empty() && dead_letters.empty() && devices.empty() && assignments.empty() && gone.empty() &&
           forgotten_commands.empty() && released.empty();
  }
};

// Durable, ordered. Calls take effect in the order made.
class journal {
public:
  virtual ~journal() = default;
  // Answered by on_appended when durable or not; where durable, its rows come by on_rows. Limits of what may
  // wait are the caller's (core::spool_limits). Errors, at once: store_unavailable, store_closed.
  virtual result<void> append(append_request request) = 0;
  // Not answered: tried until it is durable. In one transaction, but for assignments, which are a file of
  // their own: what is to be forgotten goes before, what is new after. Of changes to one device and of marks
  // no later one is durable before an earlier one; one that has only marks, or only records of devices, may
  // wait for company.
  virtual void commit(change what) = 0;
  // Answered by one on_read_back. It may stop early: what is neither among its rows nor among the gone must
  // be asked for again. Gone: not in the spool any more, or unreadable; then the spool has made it a dead
  // letter itself.
  virtual void read_back(std::vector<spool_seq> seqs) = 0;
};

class journal_events {
public:
  virtual ~journal_events() = default;
  // All appends of one commit, in the order they were made; then the rows of those that are durable, in the
  // order of their numbers.
  virtual void on_appended(const std::vector<appended>& what, moment now) = 0;
  virtual void on_rows(std::vector<fresh_row> rows, moment now) = 0;
  // One answer for each read_back, in the order asked; rows in the order of its seqs.
  virtual void on_read_back(std::vector<spool_row> rows, const std::vector<spool_seq>& gone, moment now) = 0;
  // How many dead letters there are, before on_appended of the commit that has changed it.
  virtual void on_dead_letters_counted(const dead_letter_amounts& are) = 0;
};

} // namespace causeway::model
