// SPDX-License-Identifier: Apache-2.0
// One application's messages that wait for the core. MQTT at QoS 0 gives a message once: what the spool has
// no room for, or could not write, is tried again from here for a while, in its order. Bounded. Pure: time
// and randomness are parameters.
#pragma once

#include "base/backoff.h"
#include "base/clock.h"
#include "tts/messages.h"

#include <deque>
#include <optional>
#include <string>

namespace causeway::stack {

struct mqtt_message {
  std::uint64_t number = 0; // in the order of arrival
  tts::path_ids ids;
  std::string payload;
  mono_time came{};
};

struct mqtt_backlog_limits {
  std::size_t messages = 10'000;
  std::size_t bytes = 32U * 1024 * 1024;
  std::chrono::milliseconds patience{60'000}; // from its arrival; then the message is lost
};

class mqtt_backlog {
public:
  explicit mqtt_backlog(mqtt_backlog_limits limits) : limits_{limits} {}

  // False: there is no room.
  bool push(mqtt_message one);
  // The oldest; nothing while there is none, or while a pause lasts.
  std::optional<mqtt_message> next(mono_time now);
  // It was not taken. Goes back to its place, though there may be no room, and a pause begins, for what
  // follows would not be taken either. random: uniform in [0, 1).
  void put_back(mqtt_message one, mono_time now, double random);
  // One was taken: the next pause is short again.
  void on_taken() { pause_.reset(); }
  // Drops what has waited in vain for too long, and says how many.
  std::size_t expire(mono_time now);
  // Drops everything, and says how many.
  std::size_t clear();
  // When next() or expire() has something to do; now or earlier when it has already.
  std::optional<mono_time> deadline() const;
  // No more pauses, for a last try before the end.
  void hurry() { held_until_.reset(); }

  bool empty() const { return waiting_.empty(); }
  std::size_t size() const { return waiting_.size(); }

private:
  mqtt_backlog_limits limits_;
  std::deque<mqtt_message> waiting_; // by number
  std::size_t bytes_ = 0;
  std::optional<mono_time> held_until_;
  backoff pause_{{milliseconds{250}, milliseconds{5'000}, 2.0, 0.25}};
};

} // namespace causeway::stack
