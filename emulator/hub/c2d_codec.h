// SPDX-License-Identifier: Apache-2.0
// Cloud-to-device messages and feedback in AMQP (azure-iot-wire.md B.6, D.2). Pure functions, any thread.
#pragma once

#include "amqp/engine.h"
#include "base/ids.h"
#include "base/result.h"
#include "emulator/state/message_queue.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace causeway::emulator {

// As a device, or a service that reads feedback, gets it. Precondition: it is locked.
std::string encode_queued(const queued_message& message, const std::string& to);

struct sent_c2d {
  identity device; // by the property `to`
  hub_message message;
};
// A service's message; or why it is rejected.
std::pair<std::optional<sent_c2d>, amqp::condition> read_sent_c2d(std::string_view payload);

} // namespace causeway::emulator
