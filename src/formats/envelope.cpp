// SPDX-License-Identifier: Apache-2.0
#include "formats/envelope.h"

#include "base/check.h"
#include "base/encoding.h"

namespace causeway::formats {

std::string format_message_id(const model::event& event, const format_context& context) {
  const char letter = letter_of(event.kind);
  CAUSEWAY_CHECK(letter != '\0');
  const auto& bits = event.key ? *event.key : context.random_id;
  std::string id{letter, '-'};
  id += hex_encode({reinterpret_cast<const char*>(bits.data()), bits.size()});
  return id;
}

std::string format_received_at(const model::event& event, const format_context& context) {
  const auto& text = event.received_at;
  if (text.empty()) return format_rfc3339(context.accepted_at);
  if (text.back() == 'Z' && text.find('t') == std::string::npos) return text;
  const auto time = parse_rfc3339(text);
  return format_rfc3339(time ? *time : context.accepted_at);
}

model::message make_envelope(const model::event& event, const format_context& context) {
  model::message made;
  made.id = format_message_id(event, context);
  made.content_type = "application/json";
  made.content_encoding = "utf-8";
  auto& properties = made.properties;
  properties.reserve(7);
  properties.emplace_back("applicationId", event.from.application.str());
  properties.emplace_back("deviceId", event.from.device.str());
  if (!event.dev_eui.empty()) properties.emplace_back("devEui", event.dev_eui.str());
  if (const auto* frame = uplink_of(event); frame != nullptr && frame->f_port != 0)
    properties.emplace_back("fPort", std::to_string(frame->f_port));
  properties.emplace_back("event", to_string(event.kind));
  if (event.simulated) properties.emplace_back("simulated", *event.simulated ? "true" : "false");
  properties.emplace_back("iothub-creation-time-utc", format_received_at(event, context));
  return made;
}

result<std::vector<model::message>> one_message(model::message made) {
  if (const auto size = size_of(made); size > model::max_message_bytes)
    return error{errc::message_too_large,
                 std::to_string(size) + " bytes, IoT Hub takes " + std::to_string(model::max_message_bytes)};
  std::vector<model::message> messages;
  messages.push_back(std::move(made));
  return messages;
}

} // namespace causeway::formats
