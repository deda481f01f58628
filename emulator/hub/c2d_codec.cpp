// SPDX-License-Identifier: Apache-2.0
#include "emulator/hub/c2d_codec.h"

#include "amqp/message.h"
#include "azure/names.h"
#include "base/encoding.h"
#include "emulator/hub/d2c_decoder.h"

#include <algorithm>

namespace causeway::emulator {
namespace {

constexpr std::string_view ack_property = "iothub-ack";
constexpr const char* malformed_argument = "com.microsoft:argument-error";

amqp::timestamp to_timestamp(wall_time time) {
  return {std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count()};
}

wall_time to_wall(const amqp::timestamp& time) {
  return wall_time{std::chrono::milliseconds{time.milliseconds}};
}

amqp::value text_or_null(const std::string& text) {
  return text.empty() ? amqp::value{} : amqp::value{text};
}

std::pair<amqp::value, amqp::value> annotation(const char* name, amqp::value value) {
  return {amqp::value{amqp::symbol{name}}, std::move(value)};
}

std::string body_of(amqp::message& message) {
  if (message.kind != amqp::message::body_kind::value) return std::move(message.data);
  const auto* binary = message.body.as<amqp::binary>();
  return binary != nullptr ? binary->bytes : text_of(message.body);
}

} // namespace

std::string encode_queued(const queued_message& message, const std::string& to) {
  const auto& content = message.content;
  amqp::message out;
  out.message_annotations = {
      annotation("x-opt-sequence-number", {message.sequence}),
      annotation("iothub-enqueuedtime", {to_timestamp(message.enqueued)}),
      annotation("iothub-deliverycount",
                 {static_cast<std::uint8_t>(std::min<std::uint32_t>(message.delivery_count, 255))}),
      annotation("x-opt-lock-token", {message.lock->token.text()}),
  };
  out.message_id = text_or_null(content.message_id);
  out.correlation_id = text_or_null(content.correlation_id);
  out.to = to;
  out.content_type = content.content_type;
  out.content_encoding = content.content_encoding;
  if (content.expires) out.absolute_expiry = to_timestamp(*content.expires);
  if (!content.user_id.empty()) out.user_id = amqp::binary{content.user_id};
  out.application_properties.emplace_back(amqp::value{std::string{ack_property}},
                                          amqp::value{std::string{to_string(content.ack)}});
  for (const auto& [name, value] : content.properties)
    out.application_properties.emplace_back(amqp::value{name}, amqp::value{value});
  out.kind = amqp::message::body_kind::data;
  out.data = content.body;
  return amqp::encode_message(out);
}

std::pair<std::optional<sent_c2d>, amqp::condition> read_sent_c2d(std::string_view payload) {
  auto read = amqp::decode_message(payload);
  if (!read) return {std::nullopt, {"amqp:decode-error", read.fault().message()}};
  const auto target = azure::parse_link_address(read->to);
  if (!target || target->role != azure::link_role::c2d)
    return {std::nullopt, {malformed_argument, "The message's property `to` names no device."}};
  sent_c2d sent{target->device, {}};
  auto& message = sent.message;
  message.message_id = text_of(read->message_id);
  message.correlation_id = text_of(read->correlation_id);
  message.to = read->to;
  message.content_type = std::move(read->content_type);
  message.content_encoding = std::move(read->content_encoding);
  if (read->user_id) message.user_id = read->user_id->bytes;
  if (read->absolute_expiry) message.expires = to_wall(*read->absolute_expiry);
  for (const auto& [key, value] : read->application_properties) {
    auto name = text_of(key);
    if (!equals_ignoring_case(name, ack_property)) {
      message.properties.emplace_back(std::move(name), text_of(value));
      continue;
    }
    const auto ack = parse_ack_mode(to_lower(text_of(value)));
    if (!ack)
      return {std::nullopt, {malformed_argument, "iothub-ack is none of none, positive, negative, full."}};
    message.ack = *ack;
  }
  message.body = body_of(*read);
  return {std::move(sent), {}};
}

} // namespace causeway::emulator
