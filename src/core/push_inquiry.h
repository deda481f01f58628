// SPDX-License-Identifier: Apache-2.0
// What became of a push that got no answer: found out by looks, until it is known or it is known that it
// cannot be (real-stack-facts.md 2.4). A step of its item may tell it meanwhile; then the inquiry is dropped.
// Owned by the ledger, one a push; pure, one thread.
#pragma once

#include "base/clock.h"
#include "core/downlink_look.h"
#include "core/known_uplink.h"

#include <cstdint>
#include <optional>

namespace causeway::core {

// What a push without an answer still does at the stack is done within this time of its end here: what is not
// there then will not come. As far as its bytes cannot come later: SO_LINGER and TCP_USER_TIMEOUT on its
// socket.
inline constexpr seconds push_is_over{11};
// By how much the device's last uplink, and its record, must be older than the push, where clocks are to
// tell.
inline constexpr seconds push_margin{60};

enum class push_finding : std::uint8_t {
  queued,        // it stands in the queue
  scheduled,     // it has left the queue for the device
  never_arrived, // proven: it may be pushed again
  in_doubt,      // no look can tell
};

struct push_times {
  // When its first byte may have left. Nothing: that is not known any more, so that clocks prove nothing.
  std::optional<mono_time> began;
  // When it ended here; after a restart: when the process that had sent it had ended for sure.
  mono_time ended;
  // The device's newest uplink that had come in before; nothing: none, or that is not known any more.
  std::optional<known_uplink> newest{};
};

class push_inquiry {
public:
  // Its first look is due at once.
  push_inquiry(command_id of, push_times when) : when_{when}, looks_{std::move(of), when.ended} {}

  // As downlink_look's.
  read_errand next(mono_time now) { return looks_.next(now); }
  std::optional<mono_time> deadline() const { return looks_.deadline(); }
  std::optional<std::uint32_t> failures_to_tell() const { return looks_.failures_to_tell(); }
  // Nothing: not known yet.
  std::optional<push_finding> on_queue(const queue_reading& reading, mono_time now);
  std::optional<push_finding> on_record(record_reading reading, mono_time now);

private:
  std::optional<push_finding> judge(const sighting& seen, mono_time now);
  bool is_proof(const sighting& seen, mono_time now) const;
  bool is_older_by_date(const record_reading& record, mono_time now) const;

  push_times when_;
  downlink_look looks_;
};

} // namespace causeway::core
