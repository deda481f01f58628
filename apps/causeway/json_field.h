// SPDX-License-Identifier: Apache-2.0
// Members of the admin API's answers, read leniently: what is absent is empty, so that an older program can
// show what a newer gateway says. Texts come as they may be shown: a gateway passes on what others have said.
#pragma once

#include "watch/printable.h"

#include <boost/json.hpp>

#include <cstdint>
#include <string>

namespace causeway {

// Empty for null and for what is no text. One line.
inline std::string text_of(const boost::json::object& from, const char* name) {
  const auto* value = from.if_contains(name);
  return value != nullptr && value->is_string() ? watch::printable(value->get_string()) : std::string{};
}

// The same, of several lines.
inline std::string lines_of(const boost::json::object& from, const char* name) {
  const auto* value = from.if_contains(name);
  return value != nullptr && value->is_string() ? watch::printable_lines(value->get_string()) : std::string{};
}

inline double number_of(const boost::json::object& from, const char* name) {
  const auto* value = from.if_contains(name);
  return value != nullptr && value->is_number() ? value->to_number<double>() : 0.0;
}

inline std::uint64_t count_of(const boost::json::object& from, const char* name) {
  const double value = number_of(from, name);
  return value > 0 ? static_cast<std::uint64_t>(value) : 0;
}

inline bool flag_of(const boost::json::object& from, const char* name) {
  const auto* value = from.if_contains(name);
  return value != nullptr && value->is_bool() && value->get_bool();
}

inline const boost::json::object& object_of(const boost::json::object& from, const char* name) {
  static const boost::json::object none;
  const auto* value = from.if_contains(name);
  return value != nullptr && value->is_object() ? value->get_object() : none;
}

inline const boost::json::array& array_of(const boost::json::object& from, const char* name) {
  static const boost::json::array none;
  const auto* value = from.if_contains(name);
  return value != nullptr && value->is_array() ? value->get_array() : none;
}

} // namespace causeway
