// SPDX-License-Identifier: Apache-2.0
#include "net/http_answer.h"

#include "base/encoding.h"
#include "base/log.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>

namespace causeway::net {
namespace {

struct reason {
  int status;
  std::string_view text;
};
constexpr std::array reasons{reason{200, "OK"},
                             reason{201, "Created"},
                             reason{202, "Accepted"},
                             reason{204, "No Content"},
                             reason{301, "Moved Permanently"},
                             reason{302, "Found"},
                             reason{304, "Not Modified"},
                             reason{307, "Temporary Redirect"},
                             reason{400, "Bad Request"},
                             reason{401, "Unauthorized"},
                             reason{403, "Forbidden"},
                             reason{404, "Not Found"},
                             reason{405, "Method Not Allowed"},
                             reason{408, "Request Timeout"},
                             reason{409, "Conflict"},
                             reason{412, "Precondition Failed"},
                             reason{413, "Content Too Large"},
                             reason{415, "Unsupported Media Type"},
                             reason{422, "Unprocessable Content"},
                             reason{429, "Too Many Requests"},
                             reason{431, "Request Header Fields Too Large"},
                             reason{500, "Internal Server Error"},
                             reason{501, "Not Implemented"},
                             reason{502, "Bad Gateway"},
                             reason{503, "Service Unavailable"},
                             reason{504, "Gateway Timeout"}};

std::string_view reason_of(int status) {
  const auto found =
      std::find_if(reasons.begin(), reasons.end(), [=](const reason& r) { return r.status == status; });
  return found == reasons.end() ? std::string_view{"Status"} : found->text;
}

// IMF-fixdate (RFC 9110 section 5.6.7), made once a second.
std::string_view http_date() {
  static std::time_t made = 0;
  static std::array<char, 40> text{};
  static std::size_t size = 0;
  if (const auto now = std::time(nullptr); now != made) {
    std::tm utc{};
    ::gmtime_r(&now, &utc);
    size = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc);
    made = now;
  }
  return {text.data(), size};
}

bool is_one_line(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

void add_header(std::string& out, std::string_view name, std::string_view value) {
  // What a handler copies from a request must not begin a header of its own.
  if (!is_one_line(name) || !is_one_line(value)) return;
  out.append(name).append(": ").append(value).append("\r\n");
}

bool is_dated(const http_response& answer) {
  return std::any_of(answer.headers.begin(), answer.headers.end(),
                     [](const auto& header) { return equals_ignoring_case(header.first, "Date"); });
}

} // namespace

http_response http_fault(int status, std::string_view name, std::string_view message) {
  http_response answer;
  answer.status = status;
  answer.body = "{\"error\":" + json_quoted(name) + ",\"message\":" + json_quoted(message) + "}";
  return answer;
}

http_response default_refusal(int status) {
  switch (status) {
  case 408:
    return http_fault(status, "connection_timed_out", "the request did not arrive in time");
  case 413:
    return http_fault(status, "body_too_large", "the body is larger than allowed");
  case 415:
    return http_fault(status, "content_encoding_unsupported",
                      "a body is taken without any Content-Encoding only");
  case 431:
    return http_fault(status, "header_too_large", "the header is larger than allowed");
  case 503: {
    auto busy = http_fault(status, "request_memory_spent", "too much is being sent at once; try again");
    busy.headers.emplace_back("Retry-After", "5");
    return busy;
  }
  case 501:
    return http_fault(status, "http_protocol", "of transfer codings only chunked is known");
  default:
    return http_fault(status, "http_protocol",
                      "this is not an HTTP/1.1 request; HTTP/2 is spoken over TLS only");
  }
}

void add_date(http_response& answer) {
  if (!is_dated(answer)) answer.headers.emplace_back("date", http_date());
}

void write_answer(std::string& out, const http_response& answer, bool head, bool close, bool chunked) {
  out.clear();
  out.append("HTTP/1.1 ").append(std::to_string(answer.status)).append(" ").append(reason_of(answer.status));
  out.append("\r\n");
  if (!is_dated(answer)) out.append("Date: ").append(http_date()).append("\r\n");
  const bool bodiless = answer.is_bodiless();
  if (!bodiless && answer.source) {
    add_header(out, "Content-Type", answer.content_type);
    if (chunked) out.append("Transfer-Encoding: chunked\r\n");
  } else if (!bodiless) {
    if (!answer.body.empty()) add_header(out, "Content-Type", answer.content_type);
    out.append("Content-Length: ").append(std::to_string(answer.body.size())).append("\r\n");
  }
  for (const auto& [name, value] : answer.headers)
    add_header(out, name, value);
  if (close) out.append("Connection: close\r\n");
  out.append("\r\n");
  if (!head && !bodiless && !answer.source) out.append(answer.body);
}

void append_chunk(std::string& out, std::string_view piece) {
  std::array<char, 2 * sizeof(std::size_t)> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), piece.size(), 16);
  out.append(digits.data(), end.ptr).append("\r\n").append(piece).append("\r\n");
}

http_piece read_piece(http_source& from, std::span<char> into) {
  try {
    const auto piece = from.read(into);
    if (piece.what != http_piece::kind::some) return {piece.what};
    if (piece.size > 0 && piece.size <= into.size()) return piece;
    log::error("handler_fault",
               {{"request", "the rest of an answer"}, {"reason", "a piece of no size, or too large"}});
    return {http_piece::kind::broken};
  } catch (const std::exception& x) {
    log::error("handler_fault", {{"request", "the rest of an answer"}, {"reason", x.what()}});
    return {http_piece::kind::broken};
  }
}

} // namespace causeway::net
