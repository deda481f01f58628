// SPDX-License-Identifier: Apache-2.0
// Appends AMQP's primitive types in their shortest form (spec part 1.6), for the encoders of this module.
// Pure.
#pragma once

#include "base/check.h"

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace causeway::amqp {

// Type codes (spec part 1.6) that more than one file names.
enum class code : std::uint8_t {
  described = 0x00,
  null = 0x40,
  binary8 = 0xa0,
  binary32 = 0xb0,
  string8 = 0xa1,
  string32 = 0xb1,
  symbol8 = 0xa3,
  symbol32 = 0xb3,
  list8 = 0xc0,
  list32 = 0xd0,
  map8 = 0xc1,
  map32 = 0xd1,
  array8 = 0xe0,
  array32 = 0xf0,
};

inline void put_byte(std::string& out, std::uint8_t byte) {
  out.push_back(static_cast<char>(byte));
}

inline void put_code(std::string& out, code type) {
  put_byte(out, static_cast<std::uint8_t>(type));
}

// Big-endian, all bytes of T.
template <class T>
void put_unsigned(std::string& out, T number) {
  char bytes[sizeof(T)];
  for (std::size_t i = 0; i < sizeof(T); ++i)
    bytes[i] = static_cast<char>(static_cast<std::uint8_t>(number >> (8 * (sizeof(T) - 1 - i))));
  out.append(bytes, sizeof(T));
}

inline std::uint32_t checked_size(std::size_t size) {
  CAUSEWAY_CHECK(size <= std::numeric_limits<std::uint32_t>::max());
  return static_cast<std::uint32_t>(size);
}

inline void put_variable(std::string& out, code small, code large, std::string_view bytes) {
  if (bytes.size() <= 0xff) {
    put_code(out, small);
    put_byte(out, static_cast<std::uint8_t>(bytes.size()));
  } else {
    put_code(out, large);
    put_unsigned(out, checked_size(bytes.size()));
  }
  out.append(bytes);
}

inline void put_null(std::string& out) {
  put_code(out, code::null);
}
inline void put_binary(std::string& out, std::string_view bytes) {
  put_variable(out, code::binary8, code::binary32, bytes);
}
inline void put_string(std::string& out, std::string_view text) {
  put_variable(out, code::string8, code::string32, text);
}
inline void put_symbol(std::string& out, std::string_view text) {
  put_variable(out, code::symbol8, code::symbol32, text);
}
inline void put_timestamp(std::string& out, std::int64_t milliseconds) {
  put_byte(out, 0x83);
  put_unsigned(out, static_cast<std::uint64_t>(milliseconds));
}

// The descriptor of a described type, such as 0x73 for a message's properties.
inline void put_descriptor(std::string& out, std::uint8_t descriptor) {
  put_code(out, code::described);
  put_byte(out, 0x53);
  put_byte(out, descriptor);
}

// A list or map: begin, append the items, end. begin() returns what end() wants.
inline std::size_t begin_compound(std::string& out) {
  out.append(3, '\0');
  return out.size();
}

// Room for the small form is kept; the large form moves the items by six bytes.
inline void end_compound(std::string& out, std::size_t first, code small, code large, std::size_t count) {
  const std::size_t size = out.size() - first;
  const std::size_t at = first - 3;
  if (size + 1 <= 0xff && count <= 0xff) {
    out[at] = static_cast<char>(small);
    out[at + 1] = static_cast<char>(static_cast<std::uint8_t>(size + 1));
    out[at + 2] = static_cast<char>(static_cast<std::uint8_t>(count));
    return;
  }
  std::string head;
  put_code(head, large);
  put_unsigned(head, checked_size(size + 4));
  put_unsigned(head, checked_size(count));
  out.replace(at, 3, head);
}

} // namespace causeway::amqp
