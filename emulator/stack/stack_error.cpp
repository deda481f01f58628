// SPDX-License-Identifier: Apache-2.0
#include "emulator/stack/stack_error.h"

#include "base/encoding.h"

namespace causeway::emulator {

namespace json = boost::json;

namespace {

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

registry_response make_stack_error(const stack_fault& what, const std::string& correlation) {
  const std::string space{what.space}, name{what.name}, format{what.format};
  const json::object body{
      {"code", what.code},
      {"message", "error:" + space + ":" + name + " (" + fill_in(format, what.attributes) + ")"},
      {"details", json::array{json::object{{"@type", "type.googleapis.com/ttn.lorawan.v3.ErrorDetails"},
                                           {"namespace", space},
                                           {"name", name},
                                           {"message_format", format},
                                           {"attributes", what.attributes},
                                           {"correlation_id", correlation},
                                           {"code", what.code}}}}};
  registry_response response;
  response.status = what.status;
  response.body = json::serialize(body);
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
