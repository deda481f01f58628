// SPDX-License-Identifier: Apache-2.0
// A command of the ledger: what is kept of it on disk, and what is known of it beside that. Owned by the
// ledger; one thread.
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "core/command_track.h"
#include "core/known_uplink.h"
#include "core/words.h"
#include "model/command.h"
#include "model/journal.h"
#include "model/message.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace causeway::core {

// When it was written down that the push leaves, by both clocks: the monotonic one goes on over a restart of
// the process, and begins anew with the machine. And what was known of the device then.
struct push_mark {
  wall_time wall{};
  mono_time mono{};
  std::optional<known_uplink> newest{}; // nothing: not known, or written before that was kept
  friend bool operator==(const push_mark&, const push_mark&) = default;
};

// Of more the second oldest is forgotten: when a command was stored is always known.
inline constexpr std::size_t most_marks = 24;

struct kept_state {
  command what;
  command_record stands;
  std::optional<push_mark> pushed; // nothing: it has never been
  std::uint32_t stored_at = 0;     // in open seconds
  std::uint32_t changed_at = 0;    // of its last step or finding, likewise
  // The stack has refused it, so that nothing was sent, nor will be: its caller's id is free again.
  bool refused = false;
  std::vector<command_mark> marks{}; // oldest first, most_marks at most
  std::string error{};               // the name of the last that was said of it
  friend bool operator==(const kept_state&, const kept_state&) = default;
};

// The content of a kept_command, whose id and device stand beside it. Errors: record_corrupt.
std::string encode_command(const kept_state& what);
result<kept_state> decode_command(const kept_command& row);

// When it came, what it has reached since, and since when what it waits for goes on. Of this process alone.
struct command_clock {
  std::optional<mono_time> received{}; // nothing: before the start
  mono_time since{};
  std::uint8_t reached = 0; // bits, by command_leg
};

struct command_entry {
  command what;
  command_track track;
  std::optional<push_mark> pushed;
  std::uint32_t stored_at = 0, changed_at = 0;
  bool refused = false;
  std::vector<command_mark> marks{};
  std::string error{};
  // The rest is of this process alone.
  std::uint32_t application = 0;
  std::uint64_t order = 0;              // rises from one that was stored to the next
  bool durable = false;                 // it is on disk, in whatever state
  std::uint32_t asked_at = 0;           // when the stack was asked for it last, in open seconds
  std::optional<mono_time> due{};       // when there is something to do for it by time alone
  std::vector<message> untold{};        // reports that the journal has not taken yet
  std::optional<kept_command> beside{}; // stored with it: what is known of the twin that asks for it
  command_clock times{};

  kept_state state() const {
    return {what, track.record(), pushed, stored_at, changed_at, refused, marks, error};
  }
  void note(const command_mark& mark);
};

command_entry make_entry(kept_state from, std::uint32_t application);
// One that has just come.
command_entry make_fresh_entry(command what, std::uint32_t application, std::uint32_t open_seconds,
                               moment now);

// It has a payload that only the device's formatter makes bytes of.
inline bool needs_encoder(const downlink& what) {
  return what.frm_payload.empty();
}

} // namespace causeway::core
