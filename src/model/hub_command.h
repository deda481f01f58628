// SPDX-License-Identifier: Apache-2.0
// What a hub has for a device: cloud-to-device messages, and direct methods. Plain values; any thread.
#pragma once

#include "base/clock.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace causeway::model {

// One delivery of the hub's, from its coming until it is settled or answered; what comes again is another
// one. Never used twice in a process; 0: none.
enum class delivery_number : std::uint64_t {};

// A cloud-to-device message (azure-iot-wire.md B.6). The hub keeps it, and gives it again 60 s after it was
// not settled, or when the link is gone.
struct c2d_message {
  delivery_number number{};
  std::string message_id, correlation_id; // empty: it has none
  std::optional<std::int64_t> sequence_number;
  std::optional<std::int64_t> enqueued_ms; // since 1970
  std::optional<wall_time> expires;        // as the hub says
  // The application properties; what is no text among them as text: numbers in decimal, true and false.
  std::vector<std::pair<std::string, std::string>> properties;
  std::string body;

  friend bool operator==(const c2d_message&, const c2d_message&) = default;
};

enum class c2d_settlement : std::uint8_t {
  complete, // the hub's feedback says Success
  reject,   // it becomes a dead letter of the hub's: Rejected
};

// A direct method (azure-iot-wire.md B.7), whose caller waits for the answer.
struct method_call {
  delivery_number number{};
  std::string name;
  std::string payload; // JSON; empty or `null`: none

  friend bool operator==(const method_call&, const method_call&) = default;
};

struct method_answer {
  int status = 200;
  std::string payload; // JSON

  friend bool operator==(const method_answer&, const method_answer&) = default;
};

} // namespace causeway::model
