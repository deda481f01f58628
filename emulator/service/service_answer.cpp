// SPDX-License-Identifier: Apache-2.0
#include "emulator/service/service_answer.h"

#include "base/encoding.h"
#include "emulator/state/json_text.h"

namespace causeway::emulator {

std::vector<std::string> service_request::segments() const {
  std::vector<std::string> parts;
  for (std::string_view rest = path; !rest.empty();) {
    const auto slash = rest.find('/');
    if (const auto part = rest.substr(0, slash); !part.empty()) parts.push_back(percent_decode(part));
    rest.remove_prefix(slash == std::string_view::npos ? rest.size() : slash + 1);
  }
  return parts;
}

std::string service_request::query_value(std::string_view name) const {
  for (std::string_view rest = query; !rest.empty();) {
    const auto pair = rest.substr(0, rest.find('&'));
    const auto equals = pair.find('=');
    if (equals != std::string_view::npos && pair.substr(0, equals) == name)
      return percent_decode(pair.substr(equals + 1));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
  }
  return {};
}

service_answer answer_with(const boost::json::value& body, int status) {
  return {status, json_text(body), {}};
}

service_answer refuse_with(int status, std::string_view code, std::string_view text, wall_time now) {
  const auto message = "ErrorCode:" + std::string{code} + ";" + std::string{text};
  auto refused =
      answer_with({{"Message", message},
                   {"ExceptionMessage",
                    "Tracking ID:00000000000000000000000000000000-G:0-TimeStamp:" + format_rfc3339(now)}},
                  status);
  refused.headers.emplace_back("iothub-errorcode", code);
  return refused;
}

service_answer refuse_unknown_device(std::string_view device, wall_time now) {
  return refuse_with(404, "DeviceNotFound", "Device " + std::string{device} + " not registered", now);
}

bool matches_etag(std::string_view if_match, std::string_view etag) {
  if (if_match.size() >= 2 && if_match.front() == '"' && if_match.back() == '"')
    if_match = if_match.substr(1, if_match.size() - 2);
  return if_match.empty() || if_match == "*" || if_match == etag;
}

} // namespace causeway::emulator
