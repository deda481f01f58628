// SPDX-License-Identifier: Apache-2.0
#include "causeway_bench/floor_http.h"

#include "base/encoding.h"
#include "base/http_fields.h"

#include <charconv>

namespace causeway::bench {
namespace {

constexpr std::size_t most_head = 16UL * 1024, most_body = 1024UL * 1024;
constexpr std::string_view line_end = "\r\n", head_end = "\r\n\r\n";

// Up to the mark, which is taken too.
std::string_view take_until(std::string_view& from, std::string_view mark) {
  const auto at = from.find(mark);
  const auto taken = from.substr(0, at);
  from.remove_prefix(at == std::string_view::npos ? from.size() : at + mark.size());
  return taken;
}

} // namespace

std::string& floor_request_reader::input() {
  in_.erase(0, taken_);
  taken_ = 0;
  return in_;
}

floor_request_reader::step floor_request_reader::next(floor_request& into) {
  const auto rest = std::string_view{in_}.substr(taken_);
  const auto end = rest.find(head_end);
  if (end == std::string_view::npos) return rest.size() > most_head ? step::broken : step::more;
  auto head = rest.substr(0, end);
  auto first = take_until(head, line_end);
  into = {};
  into.method = take_until(first, " ");
  into.target = take_until(first, " ");
  if (first != "HTTP/1.1" || into.target.empty()) return step::broken;
  std::size_t length = 0;
  while (!head.empty()) {
    auto value = take_until(head, line_end);
    const auto name = take_until(value, ":");
    value = without_ows(value);
    if (equals_ignoring_case(name, "content-length")) {
      const auto [stop, fault] = std::from_chars(value.data(), value.data() + value.size(), length);
      if (fault != std::errc{} || stop != value.data() + value.size() || length > most_body)
        return step::broken;
    } else if (equals_ignoring_case(name, "authorization")) {
      into.authorization = value;
    } else if (equals_ignoring_case(name, "connection")) {
      into.last = equals_ignoring_case(value, "close");
    } else if (equals_ignoring_case(name, "transfer-encoding")) {
      return step::broken;
    }
  }
  const auto body_at = end + head_end.size();
  if (rest.size() - body_at < length) return step::more;
  into.body = rest.substr(body_at, length);
  taken_ += body_at + length;
  return step::whole;
}

std::string make_answer(int status, std::string_view body) {
  const auto* const reason = status == 200   ? "200 OK"
                             : status == 401 ? "401 Unauthorized"
                             : status == 404 ? "404 Not Found"
                             : status == 503 ? "503 Service Unavailable"
                                             : "400 Bad Request";
  std::string out;
  out.reserve(body.size() + 128);
  out.append("HTTP/1.1 ").append(reason).append("\r\nContent-Type: application/json\r\nContent-Length: ");
  out.append(std::to_string(body.size())).append(head_end).append(body);
  return out;
}

} // namespace causeway::bench
