// SPDX-License-Identifier: Apache-2.0
#include "emulator/control/control_reply.h"

#include "base/encoding.h"

#include <charconv>

namespace causeway::emulator {

net::http_response reply(const boost::json::value& body, int status) {
  net::http_response response;
  response.status = status;
  response.body = boost::json::serialize(body) + "\n";
  return response;
}

net::http_response refuse(int status, std::string_view what) {
  return reply(boost::json::object{{"error", what}}, status);
}

std::string query_value(const net::http_request& request, std::string_view name) {
  auto rest = request.query();
  while (!rest.empty()) {
    const auto end = rest.find('&');
    const auto part = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    const auto equals = part.find('=');
    if (equals != std::string_view::npos && part.substr(0, equals) == name)
      return percent_decode(part.substr(equals + 1));
  }
  return {};
}

std::optional<std::uint64_t> query_number(const net::http_request& request, std::string_view name) {
  const auto text = query_value(request, name);
  std::uint64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

} // namespace causeway::emulator
