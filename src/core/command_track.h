// SPDX-License-Identifier: Apache-2.0
// Where one command stands, and what each step of its item makes of that. Steps come early, late, twice and
// in any order, by webhook, MQTT and the two reads; a step is taken once. Owned by the ledger, one a command;
// pure, one thread.
#pragma once

#include "core/command_transitions.h"
#include "core/words.h"
#include "model/command.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace causeway::core {

// Steps that are remembered; of more the oldest is forgotten, and would be reported once more. 32 attempts
// leave three each.
inline constexpr std::size_t most_steps = 128;

// What of a command is to be kept on disk beside what was asked for.
struct command_record {
  command_stage stage = command_stage::stored;
  std::uint32_t nacks = 0;
  std::string item; // the stack's name of it; empty: not known yet
  // Of the last step that had a time: nanoseconds since 1970, and its kind.
  std::optional<std::int64_t> heard_at;
  step_kind heard = step_kind::queued;
  std::vector<std::uint64_t> taken; // hashes of the steps taken, oldest first
  std::uint32_t changes = 0;        // reported ones that were no steps
  bool no_encoder = false;          // an empty frame will be sent, or was
  bool was_queued = false;          // once, whatever has become of it since
  // The network server has taken it for the air, though nothing is heard of a transmission: nothing that is
  // done to the queue concerns it until it is nacked (real-stack-facts.md 1.1.5, 2.3).
  bool on_its_way = false;

  friend bool operator==(const command_record&, const command_record&) = default;
};

struct command_effect {
  bool moved = false; // to another stage
  // Not empty: it is to be reported; what makes its message-id, with the command's id, the same whenever the
  // step is heard again.
  std::string report{};
  // The step is another item's: the command has been pushed twice, by whomever. It was not taken.
  bool other_item = false;
};

class command_track {
public:
  // confirmed: what was asked for is. needs_encoder: it has a decoded payload alone.
  command_track(bool confirmed, bool needs_encoder, command_record from = {});

  // What is done to it, or found out by looking. what: none of the heard_ ones; a find is of a read that was
  // asked for after all that has been done to the device's queue so far.
  command_effect on(command_event what);
  // A failed one that settles nothing has no effect (real-stack-facts.md 2.5).
  command_effect on_step(const command_step& step);

  command_stage stage() const { return record_.stage; }
  command_state state() const { return state_of(record_.stage); }
  const command_record& record() const { return record_; }

private:
  bool take(std::string_view key);
  bool move(command_event on, bool newer);
  void place(command_event by);

  bool confirmed_, needs_encoder_;
  command_record record_;
};

// What a failed step means for what is confirmed or not; nothing: it settles nothing.
std::optional<command_event> read_failure(const command_step& step, bool confirmed);

// As far as is known.
bool stands_in_queue(const command_record& what);

enum class reached : std::uint8_t { not_yet, yes, never };
// Acknowledged is asked of an unconfirmed one as queued: what can be reached where gateways report no
// transmission. Queued is reached by what was queued once, however it has failed since. never: by what is
// known now; a step may still say otherwise.
reached reach(const command_record& stands, awaited_step wanted, bool confirmed);

} // namespace causeway::core
