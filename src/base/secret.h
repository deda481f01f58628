// SPDX-License-Identifier: Apache-2.0
// A key, token or password: cannot be copied by accident or printed, and is wiped when it goes.
#pragma once

#include <string>
#include <string_view>

namespace causeway {

class secret {
public:
  secret() = default;
  explicit secret(std::string value) : value_{std::move(value)} {}
  secret(secret&& other) noexcept : value_{std::move(other.value_)} { other.wipe(); }
  secret& operator=(secret&& other) noexcept;
  secret(const secret&) = delete;
  secret& operator=(const secret&) = delete;
  ~secret() { wipe(); }

  secret clone() const { return secret{value_}; }
  bool empty() const { return value_.empty(); }
  // The value itself: for signing and for the wire, never for a log.
  std::string_view reveal() const { return value_; }
  // In time that does not depend on where the two differ.
  bool equals(std::string_view candidate) const;

private:
  void wipe();
  std::string value_;
};

} // namespace causeway
