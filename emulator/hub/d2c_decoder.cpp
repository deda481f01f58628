// SPDX-License-Identifier: Apache-2.0
#include "emulator/hub/d2c_decoder.h"

#include "amqp/message.h"
#include "base/encoding.h"

#include <type_traits>

namespace causeway::emulator {
namespace {

constexpr std::uint64_t data_section = 0x75;

std::string uuid_text(const amqp::uuid& id) {
  auto text = hex_encode({reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()});
  for (const std::size_t at : {20U, 16U, 12U, 8U})
    text.insert(at, 1, '-');
  return text;
}

std::vector<std::pair<std::string, std::string>> texts_of(const amqp::value_map& map) {
  std::vector<std::pair<std::string, std::string>> texts;
  texts.reserve(map.size());
  for (const auto& [key, value] : map)
    texts.emplace_back(text_of(key), text_of(value));
  return texts;
}

// The data sections one by one; nothing when a section cannot be read.
std::optional<std::vector<std::string>> data_sections(std::string_view payload) {
  std::vector<std::string> sections;
  while (!payload.empty()) {
    auto section = amqp::decode(payload);
    if (!section) return std::nullopt;
    const auto* described = section->as<amqp::described>();
    if (described == nullptr) return std::nullopt;
    const auto descriptor = described->descriptor->integer();
    if (!descriptor || *descriptor != static_cast<std::int64_t>(data_section)) continue;
    const auto* bytes = described->content->as<amqp::binary>();
    if (bytes == nullptr) return std::nullopt;
    sections.push_back(bytes->bytes);
  }
  return sections;
}

d2c_message to_d2c(amqp::message& from) {
  d2c_message out;
  out.message_id = text_of(from.message_id);
  out.correlation_id = text_of(from.correlation_id);
  out.content_type = std::move(from.content_type);
  out.content_encoding = std::move(from.content_encoding);
  out.properties = texts_of(from.application_properties);
  std::erase_if(out.properties, [](const auto& property) {
    return equals_ignoring_case(property.first, "iothub-connection-device-id") ||
           equals_ignoring_case(property.first, "iothub-connection-module-id");
  });
  out.annotations = texts_of(from.message_annotations);
  if (from.kind == amqp::message::body_kind::data) {
    out.body = std::move(from.data);
  } else if (from.kind == amqp::message::body_kind::value) {
    const auto* binary = from.body.as<amqp::binary>();
    out.body = binary != nullptr ? binary->bytes : text_of(from.body);
  }
  return out;
}

} // namespace

std::string text_of(const amqp::value& value) {
  if (const auto* text = value.text()) return *text;
  if (const auto number = value.integer()) return std::to_string(*number);
  if (const auto* number = value.as<std::uint64_t>()) return std::to_string(*number); // beyond int64
  if (const auto* id = value.as<amqp::uuid>()) return uuid_text(*id);
  if (const auto* bytes = value.as<amqp::binary>()) return hex_encode(bytes->bytes);
  if (const auto* flag = value.as<bool>()) return *flag ? "true" : "false";
  if (const auto* time = value.as<amqp::timestamp>()) return std::to_string(time->milliseconds);
  if (const auto* number = value.as<float>()) return std::to_string(*number);
  if (const auto* number = value.as<double>()) return std::to_string(*number);
  return {};
}

std::size_t metered_bytes(const d2c_message& message) {
  std::size_t bytes = message.body.size() + message.message_id.size() + message.correlation_id.size() +
                      message.content_type.size() + message.content_encoding.size();
  for (const auto& [name, value] : message.properties)
    bytes += name.size() + value.size();
  return bytes;
}

result<std::vector<received_d2c>> decode_d2c(std::string_view payload, std::uint32_t format) {
  std::vector<received_d2c> messages;
  if (format != batch_format) {
    auto whole = amqp::decode_message(payload);
    if (!whole) return whole.fault();
    messages.push_back({to_d2c(*whole), {}});
    return messages;
  }
  auto sections = data_sections(payload);
  if (!sections || sections->empty())
    return error{errc::amqp_value_malformed, "a batch is data sections with a message in each"};
  for (auto& section : *sections) {
    auto inner = amqp::decode_message(section);
    if (!inner) return inner.fault();
    messages.push_back({to_d2c(*inner), std::move(section)});
  }
  return messages;
}

} // namespace causeway::emulator
