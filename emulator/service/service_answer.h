// SPDX-License-Identifier: Apache-2.0
// Requests to an IoT hub's REST interface and its answers, with the hub's form of errors (azure-iot-wire.md
// D.1). Pure.
#pragma once

#include "base/clock.h"

#include <boost/json.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace causeway::emulator {

struct service_request {
  std::string method;
  std::string path;  // without the query, not decoded
  std::string query; // likewise
  std::string authorization;
  std::string if_match;     // as sent
  std::string max_items;    // x-ms-max-item-count
  std::string continuation; // x-ms-continuation
  std::string body;

  // Its parts, decoded: {"twins", "dev-1", "methods"}.
  std::vector<std::string> segments() const;
  // Decoded; empty when absent.
  std::string query_value(std::string_view name) const;
};

struct service_answer {
  int status = 200;
  std::string body; // JSON
  std::vector<std::pair<std::string, std::string>> headers;
};

service_answer answer_with(const boost::json::value& body, int status = 200);
// code: the hub's own word, "DeviceNotFound".
service_answer refuse_with(int status, std::string_view code, std::string_view text, wall_time now);
service_answer refuse_unknown_device(std::string_view device, wall_time now);
// Whether a request for what has this etag goes on: it has no If-Match, or "*", or the same one.
bool matches_etag(std::string_view if_match, std::string_view etag);

} // namespace causeway::emulator
