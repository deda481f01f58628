// SPDX-License-Identifier: Apache-2.0
// Where the MQTT library's threads leave what they have for the loop: the one place where they meet. Bounded;
// a message that does not fit is dropped and counted, for nobody may hold up the library's threads, and the
// broker would drop it otherwise (things-stack-wire.md A.6). Any thread, but for take().
#pragma once

#include "base/clock.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace causeway::stack {

enum class mqtt_event : std::uint8_t {
  message,      // topic and payload
  subscribed,   // connected, and every filter is granted
  refused,      // CONNACK said code
  unreachable,  // no connection; text says why, as far as the library knows
  subscription, // a filter, in text, is refused
  lost,         // the connection is gone
  disconnected, // as asked for
};

struct mqtt_item {
  mqtt_event what = mqtt_event::message;
  std::size_t connection = 0;
  std::uint64_t attempt = 0; // which connect of the connection it belongs to
  int code = 0;              // of CONNACK
  std::string text;          // the topic, or why
  std::string payload;       // left empty when it is larger than limits allow
  std::size_t size = 0;      // of the payload
};

struct mqtt_limits {
  std::size_t messages = 20'000;
  std::size_t bytes = 32U * 1024 * 1024;
  // Of a payload. Real ones have 64 KiB at most, by the reckoning of things-stack-wire.md C.9.
  std::size_t payload = 256U * 1024;
};

class mqtt_inbox {
public:
  // wake: called, on the thread that pushes, when there is something to take after there was nothing. Once
  // for all that comes until take() has emptied the inbox.
  mqtt_inbox(mqtt_limits limits, std::size_t connections, std::function<void()> wake);
  ~mqtt_inbox();

  // False when it was dropped: a message beyond the limits. What is not a message always fits; there are a
  // few of these for each time that a connection is asked for.
  bool push(mqtt_item item);
  // The oldest `most` items, behind what `into` has. One thread.
  void take(std::vector<mqtt_item>& into, std::size_t most);
  bool empty() const;
  // Messages of the connection dropped so far.
  std::uint64_t dropped(std::size_t connection) const;
  const mqtt_limits& limits() const { return limits_; }

private:
  struct state;
  mqtt_limits limits_;
  std::unique_ptr<state> state_;
};

} // namespace causeway::stack
