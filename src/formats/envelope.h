// SPDX-License-Identifier: Apache-2.0
// What the messages of the built-in formats have in common: the id, the properties, the times. Pure; any
// thread.
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "model/event.h"
#include "model/message.h"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace causeway::formats {

// What a format needs besides the event.
struct format_context {
  wall_time accepted_at{};
  // Fresh random bits: the message id of an event without a key.
  std::array<std::uint8_t, 16> random_id{};
  // The messages are for IoT Central: flat adds positions in its form.
  bool iot_central = false;
};

// "u-00112233445566778899aabbccddeeff": the kind's letter and the key, so that a repeat has the same id.
// Precondition: the kind has a letter.
std::string format_message_id(const model::event& event, const format_context& context);

// When the network received the event, in UTC with Z, the source's own digits where it is written so already;
// the time of acceptance for an event without one.
std::string format_received_at(const model::event& event, const format_context& context);

// A message with everything but its body: id, content type and encoding, and the properties applicationId,
// deviceId, devEui (if there is one), fPort (uplinks that have one), event, simulated (where it is known),
// iothub-creation-time-utc. All
// of them ASCII, as IoT Hub wants it.
model::message make_envelope(const model::event& event, const format_context& context);

// The message, if IoT Hub takes it. Errors: message_too_large.
result<std::vector<model::message>> one_message(model::message made);

} // namespace causeway::formats
