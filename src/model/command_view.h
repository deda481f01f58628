// SPDX-License-Identifier: Apache-2.0
// What can be told of the ledger's commands: who looks at them, and who calls one off. Plain values; any
// thread.
#pragma once

#include "model/command.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace causeway::model {

struct command_status {
  std::uint64_t order = 0; // rises from one that was stored to the next, in this process
  command_id id;
  command_source source{};
  device_key to;
  command_state state{};
  downlink what;
  std::string message_id, correlation_id, item; // empty: it has none, or none is known yet
  std::uint32_t nacks = 0;
  seconds stored{0}, changed{0}; // how long ago, in time in which the store was open
  std::optional<wall_time> pushed{};
  std::optional<std::int64_t> sequence_number{}; // of the hub's message
  std::optional<wall_time> enqueued{};           // likewise, when the hub took it
  std::vector<command_mark> marks{};             // its way, oldest first
};

struct command_query {
  std::uint64_t after = 0; // the order of the one that it goes on behind
  std::size_t limit = 100;
  std::string application, device; // empty: any
  std::optional<command_state> state{};
};
struct command_page {
  std::vector<command_status> commands;
  std::optional<std::uint64_t> next{}; // nothing: that was all
};

enum class calling_off : std::uint8_t {
  done,
  unknown,  // there is no such command
  pushed, // its push has begun
  ended,
};

} // namespace causeway::model
