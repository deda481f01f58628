// SPDX-License-Identifier: Apache-2.0
// For this module's tests: bytes as hex, values in one expression, AMQP frames taken apart.
#pragma once

#include "amqp/value.h"
#include "base/encoding.h"

#include <gtest/gtest.h>

namespace causeway::amqp {

inline std::string hex(std::string_view bytes) {
  return hex_encode(bytes);
}

inline std::string unhex(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2)
    out.push_back(static_cast<char>(std::stoi(std::string{text.substr(i, 2)}, nullptr, 16)));
  return out;
}

template <class T>
value of(T held) {
  value out;
  out.v = std::move(held);
  return out;
}

inline value describe(std::uint64_t code, value content) {
  return of(
      described{std::make_shared<const value>(of(code)), std::make_shared<const value>(std::move(content))});
}

struct frame {
  std::uint64_t performative = 0; // 0 for an empty frame
  value_list fields;
  std::string payload;
};

// The frames of a stream; protocol headers are passed over.
inline std::vector<frame> frames_of(std::string_view bytes) {
  std::vector<frame> out;
  while (bytes.size() >= 8) {
    if (bytes.starts_with("AMQP")) {
      bytes.remove_prefix(8);
      continue;
    }
    std::size_t size = 0;
    for (std::size_t i = 0; i < 4; ++i)
      size = size << 8 | static_cast<std::uint8_t>(bytes[i]);
    if (size < 8 || size > bytes.size()) break;
    std::string_view body = bytes.substr(8, size - 8);
    bytes.remove_prefix(size);
    frame one;
    if (!body.empty()) {
      const auto read = decode(body);
      const auto* what = read ? read->as<described>() : nullptr;
      if (what == nullptr) {
        ADD_FAILURE() << "a frame without a performative";
        break;
      }
      one.performative = *what->descriptor->as<std::uint64_t>();
      one.fields = *what->content->as<value_list>();
      one.payload = body;
    }
    out.push_back(std::move(one));
  }
  EXPECT_TRUE(bytes.empty()) << bytes.size() << " bytes left over";
  return out;
}

} // namespace causeway::amqp
