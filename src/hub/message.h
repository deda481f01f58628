// SPDX-License-Identifier: Apache-2.0
// A core message as the AMQP bytes that a device sends (azure-iot-wire.md B.5): message-id and correlation-id
// as strings, content type and encoding as symbols, application properties as strings, one data section.
// Pure; any thread.
#pragma once

#include "model/message.h"

#include <cstdint>
#include <string>

namespace causeway::hub {

// link_limit: the max-message-size of the peer's ATTACH, 0 where it gave none; beyond it the hub would close
// the link. Errors: message_too_large.
result<std::string> encode_telemetry(const model::message& what, std::uint64_t link_limit);

} // namespace causeway::hub
