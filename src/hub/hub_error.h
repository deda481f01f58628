// SPDX-License-Identifier: Apache-2.0
// What IoT Hub says, in the words of the catalogue (azure-iot-wire.md B.2 and B.10). The one place where hub
// faults are classified. Pure functions, any thread.
#pragma once

#include "amqp/engine.h"
#include "base/clock.h"
#include "base/error.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace causeway::hub {

// A condition of a DETACH, END, CLOSE or rejected disposition. The number in a JSON description, and what a
// text description says of expiry, disabled devices, keys switched off and the limit of tokens, tell more
// than the condition and win over it. An empty condition is hub_interrupted, an unknown one hub_refused. The
// detail is "condition: description", cut at 400 bytes.
error error_from_condition(const amqp::condition& from);

// A put-token answer other than 200.
error error_from_status(std::int64_t status, std::string_view description);

// What the transport itself found: idle time-out, SASL refusal, breach of the protocol.
error error_from_fault(const amqp::condition& from);

// The hub's clock, where the description tells it: a timestampUtc in JSON, or "TimeStamp:12/10/2020 06:42:31"
// behind a tracking id.
std::optional<wall_time> time_in(std::string_view description);

// True when a rejected message was refused for what it is, or for the pace: the outcome is the message's own.
// False when the device or the hub is meant (unauthorised, unknown, disabled, suspended): the message must
// not suffer for that.
bool concerns_message(const error& rejection);

} // namespace causeway::hub
