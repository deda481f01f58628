// SPDX-License-Identifier: Apache-2.0
// How The Things Stack says no (things-stack-wire.md E.6), and how its HTTP requests are read. Pure.
#pragma once

#include <boost/json.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace causeway::emulator {

struct registry_request {
  std::string method;
  std::string path;  // without the query, not decoded
  std::string query; // not decoded
  std::string authorization;
  std::string body{};
};

struct registry_response {
  int status = 200;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string content_type = "application/json";
};

// The stack's error body; code is a gRPC status (E.6).
struct stack_fault {
  int status = 500;
  int code = 2;
  std::string_view space, name, format;
  boost::json::object attributes;
  std::vector<stack_fault> cause{}; // one at most
};

// `field` has a value outside its rule.
stack_fault invalid_field(std::string_view field, std::string_view reason);
// gRPC status of an HTTP status.
int stack_code_of(int status);
registry_response make_stack_error(const stack_fault& what, const std::string& correlation);
// What stands in `details` and, by another way, in events (things-stack-wire.md E.6).
boost::json::object format_stack_fault(const stack_fault& what, const std::string& correlation);
// An error that the stack's JSON reader makes: without details.
registry_response make_bare_error(int status, int code, std::string_view message);

// The key of "Bearer KEY"; empty when there is none.
std::string_view bearer_key(std::string_view authorization);
// The parts between `at`; a separator at the end adds none.
std::vector<std::string> split_text(std::string_view text, char at);
// Names and values, percent-decoded.
std::vector<std::pair<std::string, std::string>> parse_query(std::string_view query);

} // namespace causeway::emulator
