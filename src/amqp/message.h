// SPDX-License-Identifier: Apache-2.0
// AMQP 1.0 messages (spec part 3.2). The encoder writes what a device sends or a hub answers; the decoder
// takes sections in any order, the small and large form of everything, and several data sections
// (azure-iot-wire.md B.5). Pure.
#pragma once

#include "amqp/value.h"

namespace causeway::amqp {

struct message {
  // properties
  value message_id; // null, string, uuid, ulong or binary; kept with its type
  std::string to, reply_to;
  value correlation_id;
  std::string content_type, content_encoding; // symbols on the wire
  std::optional<timestamp> absolute_expiry;
  std::optional<binary> user_id;
  // sections
  value_map message_annotations;    // symbol keys
  value_map application_properties; // string keys
  enum class body_kind : std::uint8_t { none, data, value } kind = body_kind::none;
  std::string data;                // all data sections, one after the other
  std::uint32_t data_sections = 0; // as decoded; the encoder writes one
  amqp::value body;                // amqp-value

  const value* application_property(std::string_view name) const;
  const value* annotation(std::string_view name) const;
};

// Sections that would be empty are left out; all data goes into one data section; null fields at the end of
// the properties are left out.
std::string encode_message(const message& m);
// No bytes at all are a message without sections. Refused: amqp-sequence bodies, a section (other than data)
// twice, a property of a type it cannot have. Errors: amqp_value_malformed.
result<message> decode_message(std::string_view bytes);

} // namespace causeway::amqp
