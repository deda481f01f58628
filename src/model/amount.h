// SPDX-License-Identifier: Apache-2.0
// Messages and their bytes. Plain values.
#pragma once

#include <cstdint>

namespace causeway::model {

// bytes: as size_of(message), or of an event as received.
struct amount {
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;
  amount& operator+=(const amount& more) {
    messages += more.messages;
    bytes += more.bytes;
    return *this;
  }
  amount& operator-=(const amount& less) {
    messages -= less.messages;
    bytes -= less.bytes;
    return *this;
  }
  friend bool operator==(const amount&, const amount&) = default;
};

} // namespace causeway::model
