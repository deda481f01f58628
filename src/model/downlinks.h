// SPDX-License-Identifier: Apache-2.0
// Between the core and The Things Stack's downlink side: pushes, and what the stack shows of them. Calls
// return at once; each is answered by one of downlink_answers, on the caller's thread, by its command.
#pragma once

#include "base/clock.h"
#include "model/command.h"
#include "model/downlink.h"
#include "model/event.h"
#include "model/network_record.h"

#include <cstdint>
#include <optional>
#include <string>

namespace causeway::model {

enum class push_end : std::uint8_t {
  taken,      // it is in the queue
  refused,    // it is not, and never will be: the stack has said so
  later,      // it is not; the stack asks for a slower pace
  not_made,   // nothing has left: no connection, or who was asked has not let it
  unanswered, // it may be in the queue: no answer, or one that says nothing of the item
};

struct push_outcome {
  push_end how = push_end::unanswered;
  std::string error_name, error_text; // the stack's: "pkg/applicationserver:no_f_port"; else the catalogue's
  // When its first byte may have left; nothing: none has. And when it ended here.
  std::optional<mono_time> began{};
  mono_time ended{};
  // What the next push of this application is to wait, as the stack says (X-Rate-Limit-*); 0: nothing.
  milliseconds pause{0};
};

// What became of a read.
enum class read_end : std::uint8_t {
  seen,    // 200, and it can be read
  unknown, // the stack has no such device, and nothing of it
  refused, // the stack says, in its own words, what no repetition changes: a right that is missing
  failed,  // anything else: no answer, 5xx, 429, what is not the stack's. It is no look, and is tried again
};

struct queue_reading {
  read_end how = read_end::failed;
  downlink_queue what{};
};
struct record_reading {
  read_end how = read_end::failed;
  network_record what{};
  // Of the answer's Date: the stack's clock at that time.
  std::optional<wall_time> stack_time{};
};

class downlinks {
public:
  virtual ~downlinks() = default;
  // Sent once, and never taken back: a push that its client abandons locks the device's queue and its
  // uplinks for 10 s (real-stack-facts.md 1.1). Answered by on_push_outcome.
  virtual void push(const command_id& which, const device_key& to, const downlink& what) = 0;
  // Empties the device's queue: all of it, whoever has pushed it. Answered in the same way.
  virtual void empty_queue(const command_id& which, const device_key& of) = 0;
  // The queue, and the network server's record. Neither waits for a device that is locked.
  virtual void read_queue(const command_id& which, const device_key& of) = 0;
  virtual void read_record(const command_id& which, const device_key& of) = 0;
};

// Implemented by the core; never called from inside a call of downlinks.
class downlink_answers {
public:
  virtual ~downlink_answers() = default;
  // Asked when there is a connection, right before the first byte of a push or an emptying leaves. False: it
  // stays, and the outcome is not_made. Calls nothing of downlinks.
  virtual bool may_leave(const command_id& which, moment now) = 0;
  virtual void on_push_outcome(const command_id& which, const push_outcome& what, moment now) = 0;
  virtual void on_queue_read(const command_id& which, const queue_reading& what, moment now) = 0;
  virtual void on_record_read(const command_id& which, const record_reading& what, moment now) = 0;
};

} // namespace causeway::model
