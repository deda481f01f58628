// SPDX-License-Identifier: Apache-2.0
// From the bytes of a telemetry transfer to what the arrivals keep (azure-iot-wire.md B.5). Pure.
#pragma once

#include "amqp/value.h"
#include "base/result.h"
#include "emulator/hub/arrivals.h"

#include <vector>

namespace causeway::emulator {

// The message-format of a transfer whose data sections hold a whole AMQP message each (B.5).
inline constexpr std::uint32_t batch_format = 0x80013700;

// The message, or the messages of a batch; of any other format the body is the device's own, whatever it
// looks like. What a client says of its own identity (iothub-connection-device-id and -module-id) is left
// out. Errors: amqp_value_malformed.
struct received_d2c {
  d2c_message message;
  std::string encoded; // of a batch: this message's own bytes; else empty, for they are the payload
};
result<std::vector<received_d2c>> decode_d2c(std::string_view payload, std::uint32_t format);

// What a hub meters of a message: the body, the system properties' values, and names and values of the
// others.
std::size_t metered_bytes(const d2c_message& message);

// The text of a scalar, whatever its type: "abc", "17", a UUID in its usual form; binary in hexadecimal.
std::string text_of(const amqp::value& value);

} // namespace causeway::emulator
