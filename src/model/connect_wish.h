// SPDX-License-Identifier: Apache-2.0
// How a device is to be brought to its hub, and what it waits for on its way. Plain values.
#pragma once

#include "base/clock.h"
#include "base/error.h"
#include "model/shard.h"

#include <cstdint>
#include <optional>
#include <string>

namespace causeway::model {

// Devices with waiting messages go first; among equals the applications take turns, so that a large one does
// not keep a small one waiting.
struct connect_wish {
  std::string model_id;          // empty = none
  bool commands = false;         // a link for cloud-to-device messages, too
  std::uint32_t application = 0; // whose turn it is
  bool urgent = false;           // messages wait for it
  shard_number shard{};          // a connection has devices of one
  bool methods = false;          // the links of direct methods, too
  bool twin = false;             // and those of its twin
};

// What a device that is not online yet waits for, as far as that is known.
struct link_progress {
  std::string waits_for;               // "the hub's OPEN"; empty: nothing that is under way
  mono_time since{};                   // it has waited for that since then
  std::optional<error> fault{};        // what stands in its way now; nothing that has been overcome since
  std::optional<mono_time> next_try{}; // when that is looked at again
};

} // namespace causeway::model
