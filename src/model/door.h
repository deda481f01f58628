// SPDX-License-Identifier: Apache-2.0
// Between the core and the rooms that bring events in: what they call, and what they are answered.
#pragma once

#include "base/clock.h"
#include "model/event.h"

#include <cstdint>
#include <string_view>

namespace causeway::model {

// One waiting HTTP request or MQTT message. Never used twice in a process.
enum class ticket : std::uint64_t {};

// What became of an event that somebody handed in.
enum class answer : std::uint8_t {
  stored,            // durable now
  duplicate,         // the first copy is durable
  control,           // a frame without application data: noted, not sent
  unwanted,          // a kind that is switched off or unknown, or a device that is switched off
  dead_lettered,     // refused by its format; durable with the reason
  full,              // the spool has no room
  unavailable,       // could not be made durable
  share_full,        // its application has taken its share of the spool
  devices_full,      // its device would be one more than Causeway keeps
  device_share_full, // its device would be one more than its application's share of these
  transform_busy,    // its application's transform has not come to it in time
};
inline constexpr std::size_t answers_known = 11;
std::string_view to_string(answer what);
// Nothing is wrong with the event, and the same may be taken a moment later.
bool is_for_now(answer what);

// Implemented by the core.
class door {
public:
  virtual ~door() = default;
  // Answered by one on_answer, from inside the call when the answer needs no disk.
  virtual void on_event(ticket which, event what, moment now) = 0;
  // Its format has not answered yet.
  virtual bool is_formatting(ticket which) const = 0;
};

// Implemented by who hands events in.
class answers {
public:
  virtual ~answers() = default;
  // Once for each ticket.
  virtual void on_answer(ticket which, answer what) = 0;
};

} // namespace causeway::model
