// SPDX-License-Identifier: Apache-2.0
// The stages of a device's way to its hub, and what each event makes of them: a table, no code. What stands
// in no row changes nothing. docs/device-states.md is printed from it. Pure; any thread.
#pragma once

#include "base/clock.h"
#include "base/error.h"
#include "core/device.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace causeway::core {

// Finer than device_state: what is to come next is told apart, too.
enum class stage : std::uint8_t {
  known,
  provisioning,
  attaching,
  owed, // attaching, while DPS owes an answer: it is asked again when the pause is over
  online,
  paused, // online, but its last message was refused for now
  parked,
  doubted, // parked, and DPS is asked before the hub is tried again
  unlisted,
  off,
  removed,
};
inline constexpr std::size_t stages = 11;
std::string_view to_string(stage what);
device_state state_of(stage what);
stage stage_of(const device& d);

enum class device_event : std::uint8_t {
  wanted,          // it is to be brought to its hub
  claimed,         // its identity is its own: its hub may be asked for
  unclaimed,       // it has no identity, or another device has it
  hub_found,       // by DPS, or from the connection string
  hub_not_found,   // DPS refuses it, or cannot answer
  attached,        // the hub has it
  interrupted,     // its connection is gone; the link brings it back
  refused,         // by its hub
  accepted,        // a message of it, by its hub
  message_buried,  // that its hub had refused
  message_refused, // for now
  due,             // its pause is over
  spoke,           // a message of it is stored
  named,           // by the registry, with news, and is switched on
  unnamed,         // at start: the registry has not named it yet
  list_came,       // the registry's list is whole, and lacks it
  not_named,       // the registry was asked for it, and does not name it
  completed,       // an event has brought the DevEUI that it lacked
  switched_off,    // in the registry
  left,            // deleted from the registry, and nothing waits
  replaced,        // its id is another device's now
  forgotten,       // by the operator
  clock_set,       // the wall time has jumped
};
inline constexpr std::size_t device_events = 23;
std::string_view to_string(device_event what);

// What has to hold for a row.
enum class given : std::uint8_t {
  always,
  being_placed,  // the assignments on disk are not in their places yet
  assigned,      // it has an assignment
  unassigned,    // it has none
  for_good,      // the refusal is permanent
  other_hub,     // not the hub and identity that it had
  doubt,         // the refusal casts doubt on an assignment by DPS
  first_doubt,   // the same, and nothing has before
  doubt_and_due, // the same, and the pause of the question that DPS owes is over
  first_waits,   // its first message
  may_be_asked,  // there is a list of the registry, and it is not being asked for the device
  waits_unasked, // messages wait, and may_be_asked
  awaited,       // its registry has not named it
  was_awaited,   // until now, or it was parked for an identity without its DevEUI
  incomplete,    // it is parked for an identity without its DevEUI
  model_changed, // which the hub learns when the link is opened
  by_the_clock,  // it is parked for what a wrong clock brings about
};
inline constexpr std::size_t givens = 17;
std::string_view to_string(given what);

// What is to be done next, by whom connecting was asked.
enum class next_step : std::uint8_t {
  nothing,
  bring,       // the event `wanted` follows
  retry,       // the event `due` follows
  claim,       // its identity is claimed: `claimed` or `unclaimed` follows
  find_hub,    // DPS, or its connection string, is asked
  attach,      // at its hub
  reattach,    // what is attached goes first
  look_up,     // the registry is asked for it
  deliver,     // its messages may go
  hurry_dps,   // it goes before those that nothing waits for
  hurry_hub,   // the same at its hub, if messages wait
  count_grace, // what waits for it waits for removed_grace
  end_link,    // whatever leads to its hub is taken back
};
std::string_view to_string(next_step what);

// Of its failures in a row, by which pauses grow.
enum class tally : std::uint8_t { stays, reset, counted };
// In its assignment.
enum class trust : std::uint8_t { stays, lost, won };

// What an event comes with. why: where it is a refusal. The rest as in `given`.
struct circumstances {
  moment now;
  const error* why = nullptr;
  bool through_dps = false;
  bool being_placed = false;
  bool other_hub = false;
  bool first_waits = false;
  bool may_be_asked = false;
  bool awaited = false;
  bool was_awaited = false;
  bool model_changed = false;
};

struct transition_row {
  device_event on;
  std::uint16_t from; // bits, by stage
  given when;
  std::optional<stage> to; // nothing: it stays where it is
  next_step then;
  tally failures = tally::stays;
  core::trust trust = core::trust::stays;
};
// By event; of one event the first that fits counts.
std::span<const transition_row> transition_rows();
// Nothing: it changes nothing.
const transition_row* find_transition(const device& d, device_event on, const circumstances& in);

} // namespace causeway::core
