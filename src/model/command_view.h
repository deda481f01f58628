// SPDX-License-Identifier: Apache-2.0
// What can be told of the ledger's commands: who looks at them, and who calls one off. Plain values; any
// thread.
#pragma once

#include "model/command.h"

#include <cstddef>
#include <cstdint>
#include <functional>
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
  std::string error{}; // the last that was said of it: the stack's name, else the catalogue's; empty: none
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
  unknown, // there is no such command
  pushed,  // its push has begun
  ended,
  unavailable, // the disk does not take it now: it is not pushed meanwhile, and called off when it does
};
using calling_told = std::function<void(calling_off)>;

// How the emptying of a device's queue at the stack ended.
enum class clearing_end : std::uint8_t {
  done,
  unknown,    // there is no such device
  not_begun,  // its turn has not come in time: nothing was sent, nor will be
  closed,     // the same, because the gateway stops
  refused,    // by the stack: the queue is as it was
  unanswered, // the queue may be empty, or not
};
struct queue_clearing {
  clearing_end how{};
  std::string error_name, error_text; // of a refused or unanswered one: the stack's, else the catalogue's
  std::size_t cancelled = 0;          // commands that stood in the queue
};
using clearing_told = std::function<void(const queue_clearing&)>;

} // namespace causeway::model
