// SPDX-License-Identifier: Apache-2.0
// A whole AMQP message: decoded, encoded, and decoded to the same again.
#include "amqp/message.h"
#include "target.h"

namespace {

using namespace causeway;

// Values are compared as bytes: a NaN equals nothing.
std::string bytes_of(const amqp::value& what) {
  std::string out;
  amqp::encode(out, what);
  return out;
}

std::string bytes_of(const amqp::value_map& items) {
  amqp::value what;
  what.v = items;
  return bytes_of(what);
}

void check_same(const amqp::message& left, const amqp::message& right) {
  CAUSEWAY_CHECK(left.message_id == right.message_id && left.correlation_id == right.correlation_id);
  CAUSEWAY_CHECK(left.to == right.to && left.reply_to == right.reply_to && left.user_id == right.user_id);
  CAUSEWAY_CHECK(left.content_type == right.content_type && left.content_encoding == right.content_encoding);
  CAUSEWAY_CHECK(left.absolute_expiry == right.absolute_expiry);
  CAUSEWAY_CHECK(bytes_of(left.message_annotations) == bytes_of(right.message_annotations));
  CAUSEWAY_CHECK(bytes_of(left.application_properties) == bytes_of(right.application_properties));
  CAUSEWAY_CHECK(left.kind == right.kind && left.data == right.data);
  CAUSEWAY_CHECK(bytes_of(left.body) == bytes_of(right.body));
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const auto input = fuzz::text_of(bytes, size);
  const auto read = amqp::decode_message(input);
  if (!read) return 0;
  const auto encoded = amqp::encode_message(*read);
  const auto reread = amqp::decode_message(encoded);
  CAUSEWAY_CHECK(reread.has_value());
  check_same(*read, *reread);
  CAUSEWAY_CHECK(amqp::encode_message(*reread) == encoded);
  return 0;
}
