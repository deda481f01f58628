// SPDX-License-Identifier: Apache-2.0
// What the sender of a command is told of one step of it: made by the core, written by formats. Plain values;
// any thread.
#pragma once

#include "base/clock.h"
#include "model/command.h"
#include "model/event.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace causeway::model {

struct downlink_report {
  std::string of;  // the command's id
  event_key key{}; // of command and step: the same whenever the step is heard again
  device_key from;
  causeway::dev_eui dev_eui; // empty: it has none
  command_source source{};
  std::string message_id, correlation_id; // of the hub's message; empty when it has none
  // Where the step leaves it; of an older one where that had left it.
  command_state state{};
  std::optional<std::uint8_t> f_port;
  bool confirmed = false;
  std::optional<std::uint32_t> f_cnt, attempt;
  wall_time at{};                     // the step's own time
  std::string error_name, error_text; // empty: nothing is wrong
  std::vector<std::string_view> warnings;
};

// Of the warnings: a decoded payload that no formatter has made bytes of; a payload that fits no slow data
// rate.
inline constexpr std::string_view no_encoder = "no_encoder", long_payload = "long_payload";

} // namespace causeway::model
