// SPDX-License-Identifier: Apache-2.0
// Between the core and the disk: what is to be kept, and what has become of it. Each call returns at once.
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "model/amount.h"
#include "model/assignment.h"
#include "model/event.h"
#include "model/message.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace causeway::model {

struct spool_row {
  spool_seq seq = 0;
  device_ref device{};
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

// What one event leaves behind: its messages, or itself with the reason why there are none. All of it goes
// into one transaction.
struct append_request {
  spool_seq first = 0; // by which it is answered; of rows.front() where there are rows
  device_ref device{};
  // With rows: to be remembered, and the dead letter of an event of this key goes. With a refused event: what
  // its dead letter is kept under. There is one dead letter a key: a longer event takes the place of a
  // shorter one, which a field mask has cut; any other finds it there already.
  std::optional<kept_key> key;
  std::vector<spool_row> rows;
  std::optional<refused_event> refused{}; // exactly when there are no rows
  // The dead letter that goes as the rows come; when it is not there any more, nothing is stored and the
  // answer is not_found.
  std::optional<std::uint64_t> replays{};
  // Whose it is, in words: kept with each row and refused event, so that damage never makes it another's.
  device_key from{};
  std::optional<std::uint64_t> dev_eui{}; // as known now
  std::uint32_t accepted_at = 0;          // in open seconds (start_image)
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
  // nothing.
  spool_seq former_until = 0;
  bool attached = false; // once at least
};

struct spool_result {
  spool_seq first = 0;  // of the append
  result<void> outcome; // durable, or why not
  amount letters{};     // dead letters that have come with it
};

// Durable, ordered, on disk. Calls take effect in the order made.
class spool {
public:
  virtual ~spool() = default;
  // Answered by on_spooled(first seq, …) when durable or not. Limits of what may wait are the caller's
  // (core::spool_limits). Errors, at once: store_unavailable, store_closed.
  virtual result<void> append(append_request request) = 0;
  // Delivered, or given up: the row may go. Not answered; a crash before it is durable sends the message
  // again with the same id.
  virtual void mark_done(spool_seq seq) = 0;
  // The row moves to the dead letters with this reason.
  virtual void dead_letter(spool_seq seq, const error& reason) = 0;
  // Answered by one on_read_back. It may stop early: what is neither among its rows nor among the gone must
  // be asked for again. Gone: not in the spool any more, or unreadable; then the spool has made it a dead
  // letter itself.
  virtual void read_back(std::vector<spool_seq> seqs) = 0;
};

class device_store {
public:
  virtual ~device_store() = default;
  virtual void save_device(const device_record& record) = 0;
  virtual void save_assignment(device_ref device, const assignment& where) = 0;
  virtual void forget_assignment(device_ref device) = 0;
  // With its assignment and its keys; what waits for it has become dead letters. The ref is never used again.
  virtual void forget_device(device_ref device, const device_key& key) = 0;
};

} // namespace causeway::model
