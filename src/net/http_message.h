// SPDX-License-Identifier: Apache-2.0
// What a server is asked and answers, whatever version of HTTP carried it. No I/O.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace causeway::net {

// After an answer the rest of its request, or of its connection, is read and thrown away, this much and this
// long: a connection that is closed over unread bytes is reset, and clients such as curl do not show an
// answer whose stream is reset at once.
inline constexpr std::size_t most_drained = 8 * 1024 * 1024;
inline constexpr std::chrono::seconds drain_time_out{2};

struct http_request {
  std::string method;
  std::string target; // as sent: path and query
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::string peer; // address without port

  // Compared without case; the first one, empty when absent.
  std::string_view header(std::string_view name) const;
  // The part of target before '?', percent-decoded per segment is the caller's matter.
  std::string_view path() const;
  std::string_view query() const;
};

struct http_response {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers; // Date is added unless it is among them
  bool close = false; // ends the connection after this answer; HTTP/2 does not care

  bool is_bodiless() const { return status == 204 || status == 304; } // RFC 9110 section 6.4.1
};

} // namespace causeway::net
