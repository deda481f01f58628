// SPDX-License-Identifier: Apache-2.0
// From the bytes of a telemetry transfer to what the ledger keeps (azure-iot-wire.md B.5). Pure.
#pragma once

#include "amqp/value.h"
#include "base/result.h"
#include "emulator/ledger.h"

#include <vector>

namespace causeway::emulator {

// The message, or the messages of a batch (message-format 0x80013700). Proton does not tell a transfer's
// message-format, so a batch is known by its content: each data section begins as an AMQP section does, with
// the byte 0, which no text or JSON begins with, and holds a whole AMQP message. What a client says of its
// own identity (iothub-connection-device-id and -module-id) is left out. Errors: amqp_value_malformed.
struct received_d2c {
  d2c_message message;
  std::string encoded; // of a batch: this message's own bytes; else empty, for they are the payload
};
result<std::vector<received_d2c>> decode_d2c(std::string_view payload);

// What a hub meters of a message: the body, the system properties' values, and names and values of the
// others.
std::size_t metered_bytes(const d2c_message& message);

// The text of a scalar, whatever its type: "abc", "17", a UUID in its usual form; binary in hexadecimal.
std::string text_of(const amqp::value& value);

} // namespace causeway::emulator
