// SPDX-License-Identifier: Apache-2.0
// A value or an error. Until std::expected is here (C++23) this is the part of it that Causeway needs.
#pragma once

#include "base/check.h"
#include "base/error.h"

#include <optional>
#include <utility>
#include <variant>

namespace causeway {

template <class T>
class [[nodiscard]] result {
public:
  // Implicit from both, so that a function can `return value;` and `return error{…};`.
  result(T value) : state_{std::in_place_index<0>, std::move(value)} {}
  result(error fault) : state_{std::in_place_index<1>, std::move(fault)} {}

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  // Precondition of value(), * and ->: has_value(). Of fault(): !has_value(). A breach ends the program.
  T& value() & { return CAUSEWAY_CHECK(has_value()), *std::get_if<0>(&state_); }
  const T& value() const& { return CAUSEWAY_CHECK(has_value()), *std::get_if<0>(&state_); }
  T&& value() && { return CAUSEWAY_CHECK(has_value()), std::move(*std::get_if<0>(&state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const error& fault() const& { return CAUSEWAY_CHECK(!has_value()), *std::get_if<1>(&state_); }
  error&& fault() && { return CAUSEWAY_CHECK(!has_value()), std::move(*std::get_if<1>(&state_)); }

private:
  std::variant<T, error> state_;
};

template <>
class [[nodiscard]] result<void> {
public:
  result() = default;
  result(error fault) : fault_{std::move(fault)} {}

  bool has_value() const { return !fault_.has_value(); }
  explicit operator bool() const { return has_value(); }
  const error& fault() const& { return CAUSEWAY_CHECK(!has_value()), *fault_; }
  error&& fault() && { return CAUSEWAY_CHECK(!has_value()), std::move(*fault_); }

private:
  std::optional<error> fault_;
};

} // namespace causeway
