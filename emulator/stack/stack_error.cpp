// SPDX-License-Identifier: Apache-2.0
#include "emulator/stack/stack_error.h"

#include "base/encoding.h"

#include <algorithm>

namespace causeway::emulator {

namespace json = boost::json;

namespace {

json::string json_text(std::string_view text) {
  return json::string(text.data(), text.size());
}

std::string fill_in(std::string_view format, const json::object& attributes) {
  std::string text{format};
  for (const auto& [name, value] : attributes) {
    const auto mark = "{" + std::string{name} + "}";
    const auto shown = value.is_string() ? std::string{value.as_string()} : json::serialize(value);
    if (const auto at = text.find(mark); at != std::string::npos) text.replace(at, mark.size(), shown);
  }
  return text;
}

} // namespace

stack_fault invalid_field(std::string_view field, std::string_view reason) {
  return {400,
          3,
          "pkg/errors",
          "validation",
          "invalid `{field}`: {reason}",
          {{"field", json::string_view{field.data(), field.size()}},
           {"reason", json::string_view{reason.data(), reason.size()}}}};
}

int stack_code_of(int status) {
  switch (status) {
  case 400:
    return 3;
  case 401:
    return 16;
  case 403:
    return 7;
  case 404:
    return 5;
  case 409:
    return 6;
  case 429:
    return 8;
  case 501:
    return 12;
  case 503:
    return 14;
  case 504:
    return 4;
  default:
    return 2;
  }
}

json::object format_stack_fault(const stack_fault& what, const std::string& correlation) {
  json::object shown;
  if (!what.space.empty()) shown["namespace"] = json_text(what.space);
  if (!what.name.empty()) shown["name"] = json_text(what.name);
  shown["message_format"] = json_text(what.format);
  if (!what.attributes.empty()) shown["attributes"] = what.attributes;
  shown["correlation_id"] = correlation;
  if (!what.cause.empty()) {
    auto other = correlation;
    std::rotate(other.begin(), other.begin() + (other.empty() ? 0 : 1), other.end());
    shown["cause"] = format_stack_fault(what.cause.front(), other);
  }
  shown["code"] = what.code;
  return shown;
}

registry_response make_stack_error(const stack_fault& what, const std::string& correlation) {
  const std::string space{what.space.empty() ? "unknown" : what.space};
  const std::string name{what.name.empty() ? "unknown" : what.name};
  json::object detail{{"@type", "type.googleapis.com/ttn.lorawan.v3.ErrorDetails"}};
  for (auto& [key, value] : format_stack_fault(what, correlation))
    detail[key] = std::move(value);
  const json::object body{
      {"code", what.code},
      {"message", "error:" + space + ":" + name + " (" + fill_in(what.format, what.attributes) + ")"},
      {"details", json::array{std::move(detail)}}};
  registry_response response;
  response.status = what.status;
  response.body = json::serialize(body);
  return response;
}

registry_response make_bare_error(int status, int code, std::string_view message) {
  registry_response response;
  response.status = status;
  response.body = json::serialize(json::object{{"code", code}, {"message", json_text(message)}});
  return response;
}

std::string_view bearer_key(std::string_view authorization) {
  constexpr std::string_view scheme = "bearer ";
  if (authorization.size() < scheme.size() ||
      !equals_ignoring_case(authorization.substr(0, scheme.size()), scheme))
    return {};
  return authorization.substr(scheme.size());
}

std::vector<std::string> split_text(std::string_view text, char at) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const auto end = text.find(at);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return parts;
}

std::vector<std::pair<std::string, std::string>> parse_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const auto& part : split_text(query, '&')) {
    const auto equals = part.find('=');
    pairs.emplace_back(percent_decode(part.substr(0, equals)),
                       equals == std::string::npos ? std::string{} : percent_decode(part.substr(equals + 1)));
  }
  return pairs;
}

} // namespace causeway::emulator
