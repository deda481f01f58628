// SPDX-License-Identifier: Apache-2.0
#include "hub/message.h"

#include "amqp/primitive.h"

namespace causeway::hub {
namespace {

using amqp::code;

// Written straight from the core's fields: going through amqp::message would copy the body and every
// property.
std::string encode(const model::message& what, std::size_t size) {
  std::string out;
  out.reserve(size + 64 + 4 * what.properties.size());
  amqp::put_descriptor(out, 0x73); // properties, spec 3.2.4
  const std::size_t fields = amqp::begin_compound(out);
  const auto text = [&](const std::string& value, auto put) {
    if (value.empty())
      amqp::put_null(out);
    else
      put(out, value);
  };
  text(what.id, amqp::put_string);           // a string even where it looks like a uuid
  for (int absent = 0; absent < 4; ++absent) // user-id, to, subject, reply-to
    amqp::put_null(out);
  text(what.correlation_id, amqp::put_string);
  text(what.content_type, amqp::put_symbol);
  text(what.content_encoding, amqp::put_symbol);
  amqp::end_compound(out, fields, code::list8, code::list32, 8);
  if (!what.properties.empty()) {
    amqp::put_descriptor(out, 0x74); // application-properties, spec 3.2.5
    const std::size_t items = amqp::begin_compound(out);
    for (const auto& [name, value] : what.properties) {
      amqp::put_string(out, name);
      amqp::put_string(out, value);
    }
    amqp::end_compound(out, items, code::map8, code::map32, what.properties.size() * 2);
  }
  amqp::put_descriptor(out, 0x75); // data, spec 3.2.6
  amqp::put_binary(out, what.body);
  return out;
}

} // namespace

result<std::string> encode_telemetry(const model::message& what, std::uint64_t link_limit) {
  const std::size_t size = model::size_of(what);
  if (size > model::max_message_bytes) {
    return error{errc::message_too_large, what.id + ": " + std::to_string(size) + " bytes"};
  }
  std::string encoded = encode(what, size);
  if (link_limit != 0 && encoded.size() > link_limit) {
    return error{errc::message_too_large, what.id + ": " + std::to_string(encoded.size()) +
                                              " bytes, the link takes " + std::to_string(link_limit)};
  }
  return encoded;
}

} // namespace causeway::hub
