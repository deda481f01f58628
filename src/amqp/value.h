// SPDX-License-Identifier: Apache-2.0
// AMQP 1.0 values (spec part 1) and their encoding. Pure; any thread.
#pragma once

#include "base/result.h"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace causeway::amqp {

struct symbol {
  std::string text;
  friend bool operator==(const symbol&, const symbol&) = default;
};
struct binary {
  std::string bytes;
  friend bool operator==(const binary&, const binary&) = default;
};
struct uuid {
  std::array<std::uint8_t, 16> bytes{};
  friend bool operator==(const uuid&, const uuid&) = default;
};
struct timestamp {
  std::int64_t milliseconds = 0; // since 1970-01-01 UTC
  friend bool operator==(const timestamp&, const timestamp&) = default;
};

struct value;
using value_list = std::vector<value>;
using value_map = std::vector<std::pair<value, value>>; // order kept
struct value_array {
  value_list items; // all of one type, neither null nor described twice
};
struct described {
  std::shared_ptr<const value> descriptor, content;
};

// The types IoT Hub's protocol uses; char and decimals are refused by the decoder.
struct value {
  std::variant<std::monostate, bool, std::uint8_t, std::uint16_t, std::uint32_t, std::uint64_t, std::int8_t,
               std::int16_t, std::int32_t, std::int64_t, float, double, timestamp, uuid, binary, std::string,
               symbol, value_list, value_map, value_array, described>
      v;

  bool is_null() const { return v.index() == 0; }
  template <class T>
  const T* as() const {
    return std::get_if<T>(std::addressof(v));
  }
  // The text of a string or a symbol; nullptr for anything else.
  const std::string* text() const;
  // Any integer type; nothing for anything else or beyond int64.
  std::optional<std::int64_t> integer() const;
  // Map look-up by string or symbol key; nullptr when this is no map or has no such key.
  const value* find(std::string_view key) const;
  friend bool operator==(const value& left, const value& right);
};

// value and value_map's pair each ask about the other. Clang needs value's destructor (here), and no unary &
// on v (above), before it first looks into the pair; GCC does not mind.
inline void destroy(value& what) {
  what.~value();
}

// Appends the shortest encoding.
void encode(std::string& out, const value& what);
// Reads one value from the front of `in` and takes it off. Safe for hostile bytes: depth is limited to 32,
// containers to what the bytes can hold, values to 100,000; strings and symbols must be UTF-8; arrays of
// elements without bytes of their own are refused. Errors: amqp_value_malformed; `in` is then as it was.
result<value> decode(std::string_view& in);

} // namespace causeway::amqp
