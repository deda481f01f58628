// SPDX-License-Identifier: Apache-2.0
// The stages of a command, and what each thing that is heard or done makes of them: a table, no code. What
// stands in no row changes nothing. docs/command-states.md is printed from it. Pure; any thread.
#pragma once

#include "core/words.h"
#include "model/command.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace causeway::core {

// As command_state, but `cancelled` told apart: before the push it is an end, with all of a queue a belief.
enum class command_stage : std::uint8_t {
  stored,
  pushing,
  queued,
  sent,
  acknowledged,
  nacked,
  failed,
  expired,
  cancelled,
  replaced,
  cleared,
  no_word,
  in_doubt,
};
inline constexpr std::size_t command_stages = 13;
std::string_view to_string(command_stage what);
command_state state_of(command_stage what);
// Nothing that comes later changes it: acknowledged, failed, expired, cancelled.
bool is_end(command_stage what);

enum class command_event : std::uint8_t {
  push_began,      // its push leaves
  push_taken,      // 200
  push_refused,    // with a name of the table of refusals
  push_not_made,   // not a byte of it has left: no connection, or a pace to be kept
  never_arrived,   // proven by the two reads
  found_queued,    // its item stands in the queue
  found_scheduled, // its item has left the queue for the device
  cannot_be_known, // the two reads prove nothing
  heard_queued,    // a step, as the five below
  heard_sent,
  heard_nack,
  heard_ack,
  heard_end,     // failed for good
  heard_setback, // failed, and it goes on
  given_up,      // its device or application is gone before the push
  timed_out,     // its time has come
  called_off,    // by the operator
  queue_cleared, // its device's, by the operator
  queue_replaced,
  nothing_heard, // two looks find it nowhere
};
inline constexpr std::size_t command_events = 20;
std::string_view to_string(command_event what);

// What has to hold for a row.
enum class command_given : std::uint8_t {
  always,
  confirmed,
  newer, // the step is not older than the last one
};
std::string_view to_string(command_given what);

struct command_row {
  command_event on;
  std::uint16_t from; // bits, by stage
  command_given when;
  command_stage to;
};
// By event; of one event the first that fits counts.
std::span<const command_row> command_rows();

struct command_circumstances {
  bool confirmed = false;
  bool newer = true;
};
// Nothing: it changes nothing.
std::optional<command_stage> find_command_transition(command_stage from, command_event on,
                                                     const command_circumstances& in);

} // namespace causeway::core
