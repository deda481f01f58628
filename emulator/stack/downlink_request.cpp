// SPDX-License-Identifier: Apache-2.0
#include "emulator/stack/downlink_request.h"

#include "base/encoding.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace causeway::emulator {
namespace {

namespace json = boost::json;

constexpr std::uint32_t most_attempts = 32;
constexpr std::size_t most_bytes = 255, longest_id = 100;
constexpr auto priorities = std::to_array<std::string_view>(
    {"LOWEST", "LOW", "BELOW_NORMAL", "NORMAL", "ABOVE_NORMAL", "HIGH", "HIGHEST"});

// Why an item cannot be read, or is not valid.
struct flaw {
  std::string undecodable; // the message
  std::string field, reason;
  bool any() const { return !undecodable.empty() || !field.empty(); }
};

const json::value* member(const json::object& of, std::string_view snake, std::string_view camel) {
  const auto* found = of.if_contains(snake);
  if (found == nullptr) found = of.if_contains(camel);
  return found == nullptr || found->is_null() ? nullptr : found;
}

std::optional<double> number_of(const json::value& value) {
  if (value.is_int64()) return static_cast<double>(value.as_int64());
  if (value.is_uint64()) return static_cast<double>(value.as_uint64());
  if (value.is_double()) return value.as_double();
  if (!value.is_string()) return std::nullopt;
  double number = 0;
  const std::string_view text = value.as_string();
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || read.ec != std::errc{} || read.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

std::size_t characters_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char byte) { return (byte & 0xC0) != 0x80; }));
}

class item_reader {
public:
  item_reader(const json::object& from, downlink_route route)
      : from_{from}, strict_{route == downlink_route::rest} {
    read_port();
    read_payload();
    read_confirmation();
    read_classes();
    read_priority();
    read_ids();
  }

  downlink_item item;
  flaw wrong;

private:
  void undecodable(std::string_view what) {
    if (!wrong.any()) wrong.undecodable = "unmarshal error at path \"downlinks\": " + std::string{what};
  }
  void invalid(std::string_view field, std::string_view reason) {
    if (!wrong.any()) wrong = {{}, std::string{field}, std::string{reason}};
  }

  // By REST a number that is none of 32 bits is none at all, and fractions are cut off.
  void read_port() {
    const auto* value = member(from_, "f_port", "fPort");
    if (value == nullptr) return;
    const auto number = number_of(*value);
    if (!number) return undecodable("invalid value for f_port");
    const bool fits = *number >= 0 && *number < 4294967296.0 && (strict_ || std::trunc(*number) == *number);
    if (!fits && !strict_) return undecodable("invalid value for f_port");
    item.f_port = fits ? static_cast<std::uint32_t>(*number) : 0;
    if (item.f_port == 224) invalid("f_port", "value must not be in list [224]");
    if (item.f_port > 255) invalid("f_port", "value must be less than or equal to 255");
  }

  void read_payload() {
    if (const auto* value = member(from_, "decoded_payload", "decodedPayload")) {
      if (!value->is_object()) return undecodable("invalid value for decoded_payload");
      item.decoded_payload = *value;
    }
    const auto* value = member(from_, "frm_payload", "frmPayload");
    if (value == nullptr) return;
    const auto bytes = value->is_string() ? base64_decode(value->as_string()) : std::nullopt;
    if (!bytes) return undecodable("invalid value: illegal base64 data at input byte 0");
    if (bytes->size() > most_bytes) invalid("frm_payload", "value length must be at most 255 bytes");
    item.size = bytes->size();
    item.frm_payload = base64_encode(*bytes);
  }

  void read_confirmation() {
    if (const auto* value = member(from_, "confirmed", "confirmed")) {
      if (!value->is_bool()) return undecodable("invalid value for confirmed");
      item.confirmed = value->as_bool();
    }
    const auto* value = member(from_, "confirmed_retry", "confirmedRetry");
    if (item.confirmed) item.retry = downlink_retry{1, {}};
    if (value == nullptr) return;
    if (!value->is_object()) return undecodable("invalid value for confirmed_retry");
    const auto* most = member(value->as_object(), "max_attempts", "maxAttempts");
    if (most == nullptr) return;
    const auto number = number_of(*most);
    if (!number) return undecodable("invalid value for max_attempts");
    if (*number < 1 || *number > 100)
      return invalid("confirmed_retry.max_attempts", "value must be inside range (0, 100]");
    item.retry = downlink_retry{0, static_cast<std::uint32_t>(*number)};
  }

  void read_classes() {
    const auto* value = member(from_, "class_b_c", "classBC");
    if (value == nullptr) return;
    if (!value->is_object()) return undecodable("invalid value for class_b_c");
    item.class_b_c = value->as_object();
    if (const auto* time = member(item.class_b_c, "absolute_time", "absoluteTime")) {
      const auto read = time->is_string() ? parse_rfc3339(time->as_string())
                                          : result<wall_time>{error{errc::field_invalid}};
      if (!read) return undecodable("invalid value for absolute_time");
      item.absolute_time = *read;
    }
    const auto* gateways = member(item.class_b_c, "gateways", "gateways");
    if (strict_ || gateways == nullptr || !gateways->is_array()) return;
    for (const auto& gateway : gateways->as_array())
      if (has_hex_eui(gateway)) invalid("class_b_c", "embedded message failed validation");
  }

  // There an EUI is base64 of eight bytes; hexadecimal digits would be twelve.
  static bool has_hex_eui(const json::value& gateway) {
    const auto* ids = gateway.is_object() ? gateway.as_object().if_contains("gateway_ids") : nullptr;
    const auto* eui = ids != nullptr && ids->is_object() ? ids->as_object().if_contains("eui") : nullptr;
    if (eui == nullptr || !eui->is_string()) return false;
    const auto bytes = base64_decode(eui->as_string());
    return !bytes || bytes->size() != 8;
  }

  void read_priority() {
    const auto* value = member(from_, "priority", "priority");
    if (value == nullptr) return;
    if (!value->is_string()) return undecodable("invalid value for priority");
    auto name = to_upper(value->as_string());
    const bool known = std::find(priorities.begin(), priorities.end(), name) != priorities.end();
    if (!known || (strict_ && name != value->as_string())) return undecodable("invalid value for priority");
    if (name != priorities.front()) item.priority = std::move(name);
  }

  void read_ids() {
    const auto* value = member(from_, "correlation_ids", "correlationIds");
    if (value == nullptr) return;
    if (!value->is_array()) return undecodable("invalid value for correlation_ids");
    for (const auto& id : value->as_array()) {
      if (!id.is_string()) return undecodable("invalid value for correlation_ids");
      if (characters_of(id.as_string()) > longest_id)
        invalid("correlation_ids[" + std::to_string(item.correlation_ids.size()) + "]",
                "value length must be at most 100 runes");
      item.correlation_ids.emplace_back(id.as_string());
    }
    item.correlation_ids = joined_ids(std::move(item.correlation_ids));
  }

  const json::object& from_;
  bool strict_;
};

stack_fault validation(std::string_view field, std::string_view reason, std::string_view name) {
  auto fault = invalid_field(field, reason);
  fault.attributes = {
      {"field", json::string{field}}, {"name", json::string{name}}, {"reason", json::string{reason}}};
  return fault;
}

stack_fault invalid_item(std::size_t index, const flaw& what, downlink_route route) {
  const bool rest = route == downlink_route::rest;
  auto fault =
      validation("downlinks[" + std::to_string(index) + "]", "embedded message failed validation",
                 rest ? "DownlinkQueueRequestValidationError" : "ApplicationDownlinksValidationError");
  fault.cause.push_back(validation(what.field, what.reason, "ApplicationDownlinkValidationError"));
  if (rest) return fault;
  stack_fault outer{400, 3, "pkg/applicationserver/io/web", "validate_body", "validate body", {}};
  outer.cause.push_back(std::move(fault));
  return outer;
}

downlink_request undecodable(std::string message, downlink_route route) {
  downlink_request made;
  if (route == downlink_route::rest)
    made.bare = std::move(message);
  else
    made.fault = stack_fault{400, 3, "pkg/applicationserver/io/web", "decode_body", "decode body", {}};
  return made;
}

} // namespace

stack_fault too_long(std::size_t length, std::size_t max) {
  return {400,
          3,
          "pkg/networkserver",
          "application_downlink_too_long",
          "application downlink payload length `{length}` exceeds maximum '{max}'",
          {{"length", length}, {"max", std::to_string(max)}}};
}

downlink_request parse_downlinks(std::string_view body, downlink_route route) {
  if (body.empty() && route == downlink_route::rest) return {};
  boost::system::error_code fault;
  const auto parsed = json::parse(json::string_view{body.data(), body.size()}, fault);
  if (fault || !parsed.is_object()) return undecodable("unmarshal error: invalid JSON", route);
  const auto* list = member(parsed.as_object(), "downlinks", "downlinks");
  if (list == nullptr) return {};
  if (!list->is_array()) return undecodable("unmarshal error at path \"downlinks\": no list", route);
  downlink_request made;
  for (const auto& each : list->as_array()) {
    if (!each.is_object()) return undecodable("unmarshal error at path \"downlinks\": no object", route);
    item_reader reader{each.as_object(), route};
    if (!reader.wrong.undecodable.empty()) return undecodable(std::move(reader.wrong.undecodable), route);
    if (reader.wrong.any() && !made.fault) made.fault = invalid_item(made.items.size(), reader.wrong, route);
    made.items.push_back(std::move(reader.item));
  }
  return made;
}

std::optional<downlink_refusal> find_unfit(const std::vector<downlink_item>& items) {
  for (const auto& item : items) {
    if (item.retry && item.retry->max_attempts.value_or(0) > most_attempts)
      return downlink_refusal{{400,
                               3,
                               "pkg/applicationserver",
                               "downlink_max_retries_invalid",
                               "downlink maximum retries exceed configured maximum of {max}",
                               {{"max", std::to_string(most_attempts)}}},
                              false};
  }
  for (const auto& item : items) {
    if (item.f_port == 0)
      return downlink_refusal{{400, 3, "pkg/applicationserver", "no_f_port", "no FPort", {}}, true};
    if (item.frm_payload.empty() && item.decoded_payload.is_null())
      return downlink_refusal{{400, 3, "pkg/applicationserver", "no_payload", "no payload", {}}, false};
  }
  return std::nullopt;
}

std::optional<downlink_refusal> find_unschedulable(const std::vector<downlink_item>& items, wall_time now) {
  for (const auto& item : items) {
    if (item.size > longest_payload) return downlink_refusal{too_long(item.size, longest_payload), true};
    if (item.absolute_time && *item.absolute_time <= now)
      return downlink_refusal{
          {400, 9, "pkg/networkserver", "downlink_expired", "queued downlink is expired", {}}, true};
  }
  return std::nullopt;
}

} // namespace causeway::emulator
