// SPDX-License-Identifier: Apache-2.0
#include "tts/downlink_members.h"

#include "base/clock.h"
#include "base/encoding.h"
#include "base/excerpt.h"
#include "base/ids.h"
#include "tts/downlink_request.h"

#include <algorithm>
#include <array>

namespace causeway::tts {
namespace {

constexpr std::uint32_t highest_port = 223;

error fault(errc code, std::string_view name, std::string_view is, std::string_view way_out) {
  std::string detail{name};
  detail.append(" is ").append(is).append("; ").append(way_out);
  return error{code, std::move(detail)};
}

result<std::string> checked_payload(std::string_view name, std::string bytes) {
  if (bytes.empty()) return fault(errc::downlink_payload_missing, name, "empty", "give at least one byte");
  if (bytes.size() > model::most_payload_bytes)
    return fault(errc::downlink_payload_too_long, name, std::to_string(bytes.size()) + " bytes long",
                 "LoRaWAN carries " + std::to_string(model::most_payload_bytes) + " at most");
  return bytes;
}

error class_fault(const std::string& what) {
  return error{errc::downlink_member_invalid, "class_b_c" + what};
}

result<void> check_gateway(const json_span& gateway) {
  for (json_cursor at{gateway}; at.next();)
    if (!is_named(at.key(), "gateway_ids") && !is_named(at.key(), "antenna_index") &&
        !is_named(at.key(), "group_index"))
      return class_fault(".gateways has " + shown(at.key()) +
                         "; give gateway_ids, antenna_index and group_index alone");
  json_span ids, id;
  read_members(gateway, {{"gateway_ids", &ids}});
  read_members(ids, {{"gateway_id", &id}});
  if (const auto text = id.string(); !text || !is_valid_tts_id(*text))
    return class_fault(".gateways has an entry without a gateway's id; give gateway_ids.gateway_id");
  return {};
}

} // namespace

std::string shown(std::string_view text) {
  constexpr std::size_t longest = 48;
  const auto part = excerpt(text, longest);
  return json_quoted(part) + (part.size() < text.size() ? "…" : "");
}

std::optional<model::downlink_priority> parse_priority(std::string_view text) {
  constexpr std::array<std::string_view, model::downlink_priorities> names{
      "lowest", "low", "belownormal", "normal", "abovenormal", "high", "highest"};
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto priority = static_cast<model::downlink_priority>(i);
    if (equals_ignoring_case(text, names[i]) || equals_ignoring_case(text, to_string(priority)) ||
        text == std::to_string(i))
      return priority;
  }
  return std::nullopt;
}

result<std::uint8_t> read_port(std::string_view name, std::string_view value) {
  const auto port = parse_integer<std::uint32_t>(value);
  if (!port || *port < 1 || *port > highest_port)
    return fault(errc::downlink_port_invalid, name, shown(value), "give a number from 1 to 223");
  return static_cast<std::uint8_t>(*port);
}

result<bool> read_confirmed(std::string_view name, std::string_view value) {
  if (equals_ignoring_case(value, "true")) return true;
  if (equals_ignoring_case(value, "false")) return false;
  return fault(errc::downlink_confirmed_invalid, name, shown(value), "give true or false");
}

result<model::downlink_priority> read_priority(std::string_view name, std::string_view value) {
  if (const auto priority = parse_priority(value)) return *priority;
  return fault(errc::downlink_priority_invalid, name, shown(value),
               "give lowest, low, belowNormal, normal, aboveNormal, high, highest or 0 to 6");
}

result<model::queue_operation> read_queue(std::string_view name, std::string_view value) {
  if (equals_ignoring_case(value, "push")) return model::queue_operation::push;
  if (equals_ignoring_case(value, "replace")) return model::queue_operation::replace;
  return fault(errc::downlink_queue_invalid, name, shown(value), "give push or replace");
}

result<std::string> read_base64_payload(std::string_view name, std::string_view value) {
  auto bytes = base64_decode(value);
  if (!bytes) return fault(errc::downlink_payload_invalid, name, "not base64", "give base64");
  return checked_payload(name, std::move(*bytes));
}

result<std::string> read_hex_payload(std::string_view name, std::string_view value) {
  auto bytes = hex_decode(value);
  if (!bytes)
    return fault(errc::downlink_payload_invalid, name, "not hex", "give two hex digits for each byte");
  return checked_payload(name, std::move(*bytes));
}

result<std::string> read_decoded_payload(std::string_view name, const json_span& value) {
  if (value.is_object() || value.is_array()) return value.compact();
  return fault(errc::downlink_payload_invalid, name, "neither an object nor an array",
               "give what the device's downlink formatter encodes");
}

result<std::string> read_class_b_c(const json_span& value) {
  if (!value.is_object()) return class_fault(" is not an object; give gateways, absolute_time");
  for (json_cursor at{value}; at.next();) {
    if (is_named(at.key(), "gateways")) {
      if (!at.value().is_array()) return class_fault(".gateways is not a list; give a list of gateways");
      for (json_cursor gateway{at.value()}; gateway.next();)
        if (auto good = check_gateway(gateway.value()); !good) return std::move(good).fault();
    } else if (is_named(at.key(), "absolute_time")) {
      const auto text = at.value().string();
      if (!text || !parse_rfc3339(*text))
        return class_fault(".absolute_time is no time; give one as 2026-01-01T00:00:00Z");
    } else {
      return class_fault(" has " + shown(at.key()) + "; give gateways and absolute_time alone");
    }
  }
  return value.compact();
}

result<std::uint32_t> read_number_to(std::uint32_t most, std::string_view name, const json_span& value) {
  const auto number = parse_integer<std::uint32_t>(value.text());
  if (!number || *number < 1 || *number > most)
    return fault(errc::downlink_member_invalid, name, shown(value.text()),
                 "give a number from 1 to " + std::to_string(most));
  return *number;
}

result<std::string> read_member_text(errc code, std::string_view name, const json_span& value) {
  auto text = value.string();
  if (!text) return fault(code, name, shown(value.text()), "give text");
  return std::move(*text);
}

} // namespace causeway::tts
