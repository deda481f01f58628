// SPDX-License-Identifier: Apache-2.0
#include "hub/command_decoder.h"

#include "amqp/message.h"
#include "base/encoding.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <concepts>
#include <optional>
#include <type_traits>
#include <utility>

namespace causeway::hub {
namespace {

std::string text_of_number(auto number) {
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  return {digits, end};
}

std::string text_of_uuid(const amqp::uuid& id) {
  auto text = hex_encode({reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()});
  for (const std::size_t hyphen : {8U, 13U, 18U, 23U})
    text.insert(hyphen, 1, '-');
  return text;
}

// Nothing: a container.
std::optional<std::string> text_of(const amqp::value& what) {
  return std::visit(
      [](const auto& held) -> std::optional<std::string> {
        using type = std::remove_cvref_t<decltype(held)>;
        if constexpr (std::same_as<type, std::monostate>)
          return std::string{};
        else if constexpr (std::same_as<type, std::string>)
          return held;
        else if constexpr (std::same_as<type, amqp::symbol>)
          return held.text;
        else if constexpr (std::same_as<type, amqp::binary>)
          return hex_encode(held.bytes);
        else if constexpr (std::same_as<type, amqp::uuid>)
          return text_of_uuid(held);
        else if constexpr (std::same_as<type, amqp::timestamp>)
          return text_of_number(held.milliseconds);
        else if constexpr (std::same_as<type, bool>)
          return std::string{held ? "true" : "false"};
        else if constexpr (std::is_arithmetic_v<type>)
          return text_of_number(held);
        else
          return std::nullopt;
      },
      what.v);
}

std::optional<std::int64_t> integer_note(const amqp::message& from, std::string_view name) {
  const auto* const found = from.annotation(name);
  return found == nullptr ? std::nullopt : found->integer();
}

std::optional<std::int64_t> time_note(const amqp::message& from, std::string_view name) {
  const auto* const found = from.annotation(name);
  if (found == nullptr) return std::nullopt;
  const auto* const time = found->as<amqp::timestamp>();
  return time == nullptr ? found->integer() : std::optional{time->milliseconds};
}

wall_time time_of(amqp::timestamp from) {
  using std::chrono::floor;
  const auto first = floor<milliseconds>(wall_time::min().time_since_epoch()) + milliseconds{1};
  const auto last = floor<milliseconds>(wall_time::max().time_since_epoch());
  return wall_time{milliseconds{std::clamp<std::int64_t>(from.milliseconds, first.count(), last.count())}};
}

std::optional<std::string> take_body(amqp::message& from) {
  if (from.kind != amqp::message::body_kind::value) return std::move(from.data);
  if (auto* text = std::get_if<std::string>(&from.body.v)) return std::move(*text);
  if (auto* bytes = std::get_if<amqp::binary>(&from.body.v)) return std::move(bytes->bytes);
  return std::nullopt;
}

error malformed(std::string what) {
  return error{errc::amqp_value_malformed, std::move(what)};
}

} // namespace

result<model::c2d_message> decode_c2d(std::string_view bytes) {
  auto read = amqp::decode_message(bytes);
  if (!read) return std::move(read).fault();
  auto body = take_body(*read);
  if (!body) return malformed("a body that is no bytes");
  model::c2d_message out;
  // amqp::decode_message takes ids of no other types than those that have a text.
  out.message_id = text_of(read->message_id).value_or("");
  out.correlation_id = text_of(read->correlation_id).value_or("");
  out.sequence_number = integer_note(*read, "x-opt-sequence-number");
  out.enqueued_ms = time_note(*read, "iothub-enqueuedtime");
  if (read->absolute_expiry) out.expires = time_of(*read->absolute_expiry);
  for (const auto& [key, value] : read->application_properties) {
    const auto* const name = key.text();
    auto text = text_of(value);
    if (name != nullptr && text) out.properties.emplace_back(*name, std::move(*text));
  }
  out.body = std::move(*body);
  return out;
}

result<decoded_call> decode_method_call(std::string_view bytes) {
  auto read = amqp::decode_message(bytes);
  if (!read) return std::move(read).fault();
  const auto* const name = read->application_property("IoThub-methodname");
  const auto* const text = name == nullptr ? nullptr : name->text();
  if (text == nullptr) return malformed("a method call without IoThub-methodname");
  if (read->correlation_id.is_null()) return malformed("a method call without correlation-id");
  decoded_call out;
  out.call.name = *text;
  auto body = take_body(*read);
  if (!body) return malformed("a body that is no bytes");
  out.call.payload = std::move(*body);
  out.correlation = std::move(read->correlation_id);
  return out;
}

result<std::variant<twin_answer, twin_push>> decode_twin(std::string_view bytes) {
  auto read = amqp::decode_message(bytes);
  if (!read) return std::move(read).fault();
  auto body = take_body(*read);
  if (!body) return malformed("a body that is no bytes");
  if (read->correlation_id.is_null()) {
    const auto* const resource = read->annotation("resource");
    const auto* const text = resource == nullptr ? nullptr : resource->text();
    if (text == nullptr || *text != "/properties/desired")
      return malformed("a twin's message that is neither an answer nor a change");
    if (body->empty()) return malformed("a twin's change without a body");
    return std::variant<twin_answer, twin_push>{twin_push{std::move(*body)}};
  }
  const auto status = integer_note(*read, "status");
  if (!status) return malformed("a twin's answer without a status");
  const auto* const request = read->correlation_id.text();
  return std::variant<twin_answer, twin_push>{
      twin_answer{request == nullptr ? std::string{} : *request, *status, std::move(*body)}};
}

std::string encode_twin_request(twin_request what, std::string_view request, std::string_view patch) {
  struct words {
    std::string_view operation, resource;
  };
  constexpr std::array<words, 3> all{{{"PUT", "/notifications/twin/properties/desired"},
                                      {"GET", ""},
                                      {"PATCH", "/properties/reported"}}}; // by twin_request
  const auto& said = all[static_cast<std::size_t>(what)];
  amqp::message out;
  out.correlation_id = amqp::value{std::string{request}};
  const auto note = [&](const char* name, std::string_view text) {
    out.message_annotations.emplace_back(amqp::value{amqp::symbol{name}}, amqp::value{std::string{text}});
  };
  note("operation", said.operation);
  if (!said.resource.empty()) note("resource", said.resource);
  out.kind = amqp::message::body_kind::data;
  out.data = what == twin_request::report ? patch : std::string_view{" "};
  return amqp::encode_message(out);
}

std::string encode_method_answer(const amqp::value& correlation, const model::method_answer& what) {
  amqp::message out;
  out.correlation_id = correlation;
  out.application_properties = {
      {amqp::value{std::string{"IoThub-status"}}, amqp::value{std::int32_t{what.status}}}};
  out.kind = amqp::message::body_kind::data;
  out.data = what.payload;
  return amqp::encode_message(out);
}

} // namespace causeway::hub
