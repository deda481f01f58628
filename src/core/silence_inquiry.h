// SPDX-License-Identifier: Apache-2.0
// Where an item is of which nothing has been heard for the command's time-out. A device may sleep for weeks
// with its item in the queue; and one that goes on may be in no place for 10 s (real-stack-facts.md 2.3), so
// that it takes two looks to say that there is no word. Owned by the ledger, one a command whose time is
// over, and dropped when a step of it comes; pure, one thread.
#pragma once

#include "base/clock.h"
#include "core/downlink_look.h"

#include <cstdint>
#include <optional>

namespace causeway::core {

// Between the end of a look and the beginning of the next.
inline constexpr seconds between_looks{11};

enum class silence_finding : std::uint8_t {
  stands,      // in the queue
  pending,     // sent, and it waits for its ack until the device's next uplink
  nowhere,     // in two looks, also where its device is not there any more: no word
  cannot_tell, // the stack refuses to show it
};

class silence_inquiry {
public:
  // Its first look is due now.
  silence_inquiry(command_id of, mono_time now) : looks_{std::move(of), now} {}

  // As downlink_look's.
  read_errand next(mono_time now) { return looks_.next(now); }
  std::optional<mono_time> deadline() const { return looks_.deadline(); }
  std::optional<std::uint32_t> failures_to_tell() const { return looks_.failures_to_tell(); }
  // Nothing: not known yet.
  std::optional<silence_finding> on_queue(const queue_reading& reading, mono_time now);
  std::optional<silence_finding> on_record(record_reading reading, mono_time now);

private:
  std::optional<silence_finding> judge(const sighting& seen, mono_time now);

  downlink_look looks_;
  bool missed_ = false; // one look has found it nowhere
};

} // namespace causeway::core
