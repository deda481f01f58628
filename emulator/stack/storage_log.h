// SPDX-License-Identifier: Apache-2.0
// What the emulated stack has received from its devices, whether or not a webhook or an MQTT client took it:
// the Storage Integration's memory (things-stack-wire.md G). Pure. One thread.
//
// Bounded by number and by age; what is beyond either is forgotten, oldest first.
#pragma once

#include "base/clock.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <utility>

namespace causeway::emulator {

struct storage_options {
  std::size_t kept = 0; // 0: there is no Storage Integration, as in the open-source stack
  std::chrono::milliseconds retention{std::chrono::hours{24}};
  std::chrono::milliseconds delay{0}; // until a message can be read
};

struct stored_message {
  std::uint64_t order = 0; // from 1
  std::string application, device;
  std::string kind; // "uplink_message"
  std::uint32_t f_port = 0;
  wall_time received_at; // the envelope's
  std::string body;      // the ApplicationUp
};

struct storage_query {
  std::string application, kind;
  std::optional<std::string> device;
  std::optional<std::uint32_t> f_port;
  std::optional<wall_time> after, before; // neither is included
  bool newest_first = false;
  std::optional<std::pair<wall_time, std::uint64_t>> behind; // time and order of the last one that was read
  std::size_t limit = 0;
};

class storage_log {
public:
  explicit storage_log(storage_options options) : options_{options} {}

  bool is_on() const { return options_.kept > 0; }
  const storage_options& options() const { return options_; }
  void set_options(storage_options options) { options_ = options; }

  // Numbers it. Does nothing when it is off.
  void append(stored_message message, wall_time now);
  // Calls visit for what can be read, by time; at most limit times. True when there is more.
  bool visit(const storage_query& query, wall_time now,
             const std::function<void(const stored_message&)>& visit) const;

  std::size_t size() const { return messages_.size(); }
  std::uint64_t total() const { return next_order_ - 1; }
  void clear() { messages_.clear(); }

private:
  storage_options options_;
  std::deque<stored_message> messages_; // by time of receipt
  std::uint64_t next_order_ = 1;
};

} // namespace causeway::emulator
