// SPDX-License-Identifier: Apache-2.0
// What can be told about one device. Plain values, a copy: stays as it was when it was asked for.
#pragma once

#include "base/clock.h"
#include "base/error.h"
#include "model/event.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace causeway::model {

enum class device_state : std::uint8_t {
  known,        // seen, nothing asked of Azure yet
  provisioning, // its hub is being found
  attaching,    // its hub is known; waits for the connection or the hub's answer
  online,       // attached: messages flow
  parked,       // left alone until next_try, with a reason
  unlisted,     // has sent events, but the registry has not named it yet: they wait
  off,          // switched off in the registry: never connected, its events are not wanted
  removed,      // deleted from the registry, and nothing waits: an event of it is a reason to ask again
};
inline constexpr std::size_t device_states = 8;
std::string_view to_string(device_state state);

struct device_status {
  device_ref ref{};
  device_key key;
  causeway::dev_eui dev_eui;
  // The assignment: empty hub = none is held.
  causeway::identity identity;
  hub_host hub;
  azure_name section;
  bool through_dps = false;        // the assignment came from DPS and is cached on disk
  wall_time assigned_at{};         // whole seconds
  std::string model_id;            // its own, else its application's
  bool listed = false;             // the registry has named it
  std::optional<bool> integration; // the registry's attribute
  bool looking_up = false;         // the registry is being asked for it

  device_state state{};
  bool paused = false; // online, but its last message was refused for now
  bool gated = false;  // online, but its application's messages are refused for a reason that nobody knows
  mono_time since{};   // in this state
  std::uint32_t failures = 0;
  // Parked, paused: why. Being attached, or its hub being found: what stands in its way now.
  std::optional<errc> reason;
  std::string reason_detail;
  mono_time next_try{};  // where there is a reason: when it is tried, or looked at, again; 0: not known
  std::string waits_for; // being attached, or its hub being found: what it waits for, where that is known
  mono_time waits_since{};
  bool distrusted = false; // the hub has refused the assignment, and nothing has proved it since

  std::uint32_t waiting = 0;
  bool in_flight = false;            // the oldest of these is with the hub
  std::optional<seconds> grace_left; // until the oldest of these is a dead letter, where that is counted
  bool deleted = false;              // from the registry
  std::uint64_t sent = 0;
  wall_time last_seen{}; // 1970: not since the start
  std::uint32_t last_f_cnt = 0, gaps = 0, late = 0;
};

// A part of the device table in the order of places: of first sight, but where a place was used again.
struct device_page {
  std::vector<device_status> devices;
  std::optional<device_ref> next; // where the next part goes on; nothing: that was all
};

} // namespace causeway::model
