// SPDX-License-Identifier: Apache-2.0
// How the control API's requests are read from JSON; for control_requests.cpp and simulation_request.cpp.
#pragma once

#include "base/result.h"

#include <boost/json.hpp>

#include <algorithm>
#include <optional>
#include <string>

namespace causeway::emulator {

inline error wrong(std::string what) {
  return error{errc::field_invalid, std::move(what)};
}

// Reads a JSON object's fields and remembers the first one that has the wrong type or an unknown name.
class fields {
public:
  fields(const boost::json::object& from, std::initializer_list<std::string_view> known) : from_{from} {
    for (const auto& entry : from)
      if (std::find(known.begin(), known.end(), std::string_view{entry.key()}) == known.end())
        fail("unknown field " + std::string{entry.key()});
  }

  std::optional<std::string> text(std::string_view name) {
    const auto* value = from_.if_contains(name);
    if (value == nullptr) return std::nullopt;
    if (value->is_string()) return std::string{value->as_string()};
    fail(std::string{name} + " is not a string");
    return std::nullopt;
  }
  std::optional<double> number(std::string_view name) {
    const auto* value = from_.if_contains(name);
    if (value == nullptr) return std::nullopt;
    double number = -1;
    if (value->is_int64()) number = static_cast<double>(value->as_int64());
    if (value->is_uint64()) number = static_cast<double>(value->as_uint64());
    if (value->is_double()) number = value->as_double();
    if (number >= 0 && number <= 1e15) return number;
    fail(std::string{name} + " is not a number from 0 on");
    return std::nullopt;
  }
  std::optional<std::int64_t> whole(std::string_view name) {
    const auto* value = from_.if_contains(name);
    if (value == nullptr) return std::nullopt;
    if (value->is_int64()) return value->as_int64();
    fail(std::string{name} + " is not a whole number");
    return std::nullopt;
  }
  std::optional<std::uint64_t> count(std::string_view name) {
    const auto value = number(name);
    if (!value) return std::nullopt;
    return static_cast<std::uint64_t>(*value);
  }
  std::optional<bool> flag(std::string_view name) {
    const auto* value = from_.if_contains(name);
    if (value == nullptr) return std::nullopt;
    if (value->is_bool()) return value->as_bool();
    fail(std::string{name} + " is neither true nor false");
    return std::nullopt;
  }
  const boost::json::value* any(std::string_view name) const { return from_.if_contains(name); }
  void fail(std::string what) {
    if (!problem_) problem_ = std::move(what);
  }
  const std::optional<std::string>& problem() const { return problem_; }

private:
  const boost::json::object& from_;
  std::optional<std::string> problem_;
};
// An empty body is an object without fields.
inline result<boost::json::object> parse_object(std::string_view body) {
  if (body.empty()) return boost::json::object{};
  boost::system::error_code fault;
  auto parsed = boost::json::parse(boost::json::string_view{body.data(), body.size()}, fault);
  if (fault || !parsed.is_object()) return wrong("the body is not a JSON object");
  return std::move(parsed.as_object());
}

} // namespace causeway::emulator
