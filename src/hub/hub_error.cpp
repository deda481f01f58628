// SPDX-License-Identifier: Apache-2.0
#include "hub/hub_error.h"

#include "azure/service_words.h"
#include "base/encoding.h"
#include "base/excerpt.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <optional>
#include <string>

namespace causeway::hub {
namespace {

constexpr std::size_t longest_description = 400;
constexpr std::size_t longest_stamp = 40;

struct condition_row {
  std::string_view name;
  errc code;
};
constexpr condition_row conditions[] = {
    {"amqp:unauthorized-access", errc::hub_unauthorized},
    {"amqp:not-found", errc::hub_device_unknown},
    {"amqp:resource-limit-exceeded", errc::hub_quota_exceeded},
    {"amqp:internal-error", errc::hub_busy},
    {"amqp:link:detach-forced", errc::hub_busy},
    {"amqp:link:message-size-exceeded", errc::message_too_large},
    {"amqp:link:stolen", errc::hub_link_stolen},
    {"com.microsoft:link-creation-conflict", errc::hub_link_stolen},
    {"com.microsoft:device-container-throttled", errc::hub_throttled},
    {"com.microsoft:quota-exceeded", errc::hub_quota_exceeded},
    {"com.microsoft:iot-hub-not-found-error", errc::hub_not_found},
    {"com.microsoft:iot-hub-suspended", errc::hub_suspended},
    {"com.microsoft:timeout", errc::hub_busy},
    {"com.microsoft:argument-error", errc::hub_refused},
    {"com.microsoft:argument-out-of-range", errc::hub_refused},
    {"com.microsoft:precondition-failed", errc::hub_refused},
    {"com.microsoft:device-already-exists", errc::hub_refused},
    {"com.microsoft:message-lock-lost", errc::hub_refused},
    // A restart, a failover or a quarrel about frames: the same thing done again may well go through.
    {"amqp:connection:forced", errc::hub_interrupted},
    {"amqp:connection:framing-error", errc::hub_interrupted},
    {"amqp:connection:redirect", errc::hub_interrupted},
    {"amqp:session:window-violation", errc::hub_interrupted},
    {"amqp:session:errant-link", errc::hub_interrupted},
    {"amqp:session:handle-in-use", errc::hub_interrupted},
    {"amqp:session:unattached-handle", errc::hub_interrupted},
    {"amqp:link:redirect", errc::hub_interrupted},
    {"amqp:link:transfer-limit-exceeded", errc::hub_interrupted},
    {"amqp:resource-locked", errc::hub_interrupted},
    {"amqp:decode-error", errc::hub_refused},
    {"amqp:invalid-field", errc::hub_refused},
    {"amqp:not-allowed", errc::hub_refused},
    {"amqp:not-implemented", errc::hub_refused},
    {"amqp:illegal-state", errc::hub_refused},
    {"amqp:frame-size-too-small", errc::hub_refused},
    {"amqp:precondition-failed", errc::hub_refused},
    {"amqp:resource-deleted", errc::hub_refused},
};

struct number_row {
  std::int64_t number;
  errc code;
};
constexpr number_row numbers[] = {
    {400027, errc::hub_link_stolen},    // ConnectionForcefullyClosedOnNewConnection
    {401002, errc::hub_unauthorized},   // IoTHubUnauthorizedAccess
    {401003, errc::hub_token_expired},  // IoTHubUnauthorized
    {403002, errc::hub_quota_exceeded}, // IoTHubQuotaExceeded
    {403004, errc::hub_quota_exceeded}, // DeviceMaximumQueueDepthExceeded
    {403005, errc::hub_token_limit},    // IotHubMaxCbsTokenExceeded
    {403012, errc::hub_device_disabled},
    {404001, errc::hub_device_unknown},
    {404010, errc::hub_device_unknown}, // ModuleNotFound
    {404104, errc::hub_interrupted},    // DeviceConnectionClosedRemotely
    {409002, errc::hub_link_stolen},    // LinkCreationConflict
    {413001, errc::message_too_large},
    {500001, errc::hub_busy},
    {500008, errc::hub_busy},      // GenericTimeout
    {503001, errc::hub_busy},      // ServiceUnavailable
    {503008, errc::hub_throttled}, // ReceiveLinkOpensThrottled
    {504101, errc::hub_busy},      // GatewayTimeout
};

bool mentions(std::string_view lower_case, std::string_view what) {
  return lower_case.find(what) != std::string_view::npos;
}

// Of a JSON description.
std::optional<boost::json::value> member_of(std::string_view description, std::string_view name) {
  if (!description.starts_with('{')) return std::nullopt;
  boost::system::error_code fault;
  boost::json::parse_options options;
  options.max_depth = 4;
  const boost::json::value parsed = boost::json::parse(description, fault, {}, options);
  if (fault || !parsed.is_object()) return std::nullopt;
  const boost::json::value* member = parsed.get_object().if_contains(name);
  if (member == nullptr) return std::nullopt;
  return *member;
}

// "2026-01-01T00:00:00.123Z", with or without Z, or "01/31/2026 00:00:00"; UTC.
std::optional<wall_time> read_stamp(std::string_view given) {
  std::string text{given.substr(0, given.find_last_not_of(" .:") + 1)};
  if (text.size() == 19 && text[2] == '/' && text[5] == '/') {
    text = text.substr(6, 4) + "-" + text.substr(0, 2) + "-" + text.substr(3, 2) + "T" + text.substr(11);
  }
  if (!text.ends_with('Z')) text += 'Z';
  const auto read = parse_rfc3339(text);
  if (!read) return std::nullopt;
  return *read;
}

std::optional<std::int64_t> number_in(std::string_view description) {
  const auto code = member_of(description, "errorCode");
  if (!code || !code->is_int64()) return std::nullopt;
  return code->get_int64();
}

std::optional<errc> code_from_number(std::string_view description) {
  const auto number = number_in(description);
  if (!number) return std::nullopt;
  const auto* row = std::ranges::find(numbers, *number, &number_row::number);
  const bool of_key = row != std::end(numbers) && row->code == errc::hub_unauthorized;
  if (of_key && azure::tells_of_keys_switched_off(description)) return errc::local_authentication_off;
  if (row != std::end(numbers)) return row->code;
  // 429001, 429002 and whatever else there may be of the kind.
  if (*number / 1000 == 429) return errc::hub_throttled;
  return std::nullopt;
}

// What unauthorised and limit conditions leave open, in the hub's own words.
errc refine(errc coarse, std::string_view description) {
  const std::string text = to_lower(description);
  if (mentions(text, "number of tokens per connection")) return errc::hub_token_limit;
  if (coarse == errc::hub_unauthorized || coarse == errc::hub_forbidden) {
    if (azure::tells_of_keys_switched_off(description)) return errc::local_authentication_off;
    if (mentions(text, "expired")) return errc::hub_token_expired;
    if (mentions(text, "disabled")) return errc::hub_device_disabled;
  }
  return coarse;
}

std::string detail_of(std::string_view what, std::string_view description) {
  std::string detail{what};
  if (!description.empty()) {
    if (!detail.empty()) detail += ": ";
    detail += excerpt(description, longest_description);
  }
  return detail;
}

} // namespace

error error_from_condition(const amqp::condition& from) {
  std::string detail = detail_of(from.name, from.description);
  if (const auto code = code_from_number(from.description)) return error{*code, std::move(detail)};
  if (from.empty()) return error{errc::hub_interrupted, std::move(detail)};
  const auto* row = std::ranges::find(conditions, std::string_view{from.name}, &condition_row::name);
  const errc coarse = row == std::end(conditions) ? errc::hub_refused : row->code;
  return error{refine(coarse, from.description), std::move(detail)};
}

error error_from_status(std::int64_t status, std::string_view description) {
  std::string detail = detail_of("status " + std::to_string(status), description);
  if (const auto code = code_from_number(description)) return error{*code, std::move(detail)};
  errc coarse = errc::hub_refused;
  if (status == 401)
    coarse = errc::hub_unauthorized;
  else if (status == 403)
    coarse = errc::hub_forbidden;
  else if (status == 404)
    coarse = errc::hub_device_unknown;
  else if (status == 429)
    coarse = errc::hub_throttled;
  else if (status >= 500)
    coarse = errc::hub_busy;
  return error{refine(coarse, description), std::move(detail)};
}

error error_from_fault(const amqp::condition& from) {
  std::string detail = detail_of(from.name, from.description);
  const std::string text = to_lower(from.description);
  // Proton reports its own idle time-out as amqp:resource-limit-exceeded, "local-idle-timeout expired".
  if (mentions(text, "idle-timeout") || mentions(text, "idle time-out")) {
    return error{errc::connection_timed_out, std::move(detail)};
  }
  if (from.name == "amqp:unauthorized-access") return error{errc::hub_unauthorized, std::move(detail)};
  return error{errc::amqp_protocol, std::move(detail)};
}

std::optional<wall_time> time_in(std::string_view description) {
  const auto stamp = member_of(description, "timestampUtc");
  if (stamp && stamp->is_string() && stamp->get_string().size() <= longest_stamp)
    return read_stamp(stamp->get_string());
  constexpr std::string_view label = "timestamp:";
  const auto at = to_lower(description).find(label);
  if (at == std::string::npos) return std::nullopt;
  const auto behind = description.substr(at + label.size(), longest_stamp);
  return read_stamp(behind.substr(0, behind.find_first_not_of("0123456789-/:. TZ")));
}

bool concerns_message(const error& rejection) {
  switch (rejection.code()) {
  case errc::message_too_large:
  case errc::hub_refused:
  case errc::hub_throttled:
  case errc::hub_quota_exceeded:
  case errc::hub_busy:
  case errc::hub_interrupted:
    return true;
  default:
    return false;
  }
}

} // namespace causeway::hub
