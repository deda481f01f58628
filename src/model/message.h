// SPDX-License-Identifier: Apache-2.0
// A device-to-cloud message, ready to be sent: made by formats, kept by the spool, sent by hub.
#pragma once

#include "base/result.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace causeway::model {

struct message {
  std::string id;               // message-id (product.md section 3): at most 128 characters
  std::string content_type;     // "application/json"
  std::string content_encoding; // "utf-8"
  std::string body;
  // Application properties in the order they are sent, `iothub-creation-time-utc` among them.
  std::vector<std::pair<std::string, std::string>> properties;
  std::string correlation_id{}; // of what it is about; empty: it has none

  friend bool operator==(const message&, const message&) = default;
};

// The most IoT Hub takes as one message: body and properties together (azure-iot-wire.md B.1).
inline constexpr std::size_t max_message_bytes = 256 * 1024;
std::size_t size_of(const message& m);

// The spool's record form: a version byte, then length-prefixed fields. Without a correlation id it is the
// one that versions before commands read.
std::string encode_message(const message& m);
// Errors: record_corrupt.
result<message> decode_message(std::string_view record);

} // namespace causeway::model
