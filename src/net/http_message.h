// SPDX-License-Identifier: Apache-2.0
// What a server is asked and answers, whatever version of HTTP carried it. No I/O.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace causeway::net {

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
};

} // namespace causeway::net
