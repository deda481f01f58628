// SPDX-License-Identifier: Apache-2.0
// What a frame says of itself (AMQP 1.0, 2.3.1) and which performative it has, for those who look at a
// connection's bytes before an engine does. Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace causeway::amqp {

enum class frame_type : std::uint8_t { amqp = 0, sasl = 1 };

struct frame_head {
  static constexpr std::size_t size = 8; // bytes, as many as the protocol header has
  std::size_t frame = 0;                 // bytes of the whole frame
  std::size_t body = 0;                  // where the body begins
  std::uint8_t type = 0;                 // frame_type, or another
  std::uint16_t channel = 0;

  bool is(frame_type what) const { return type == static_cast<std::uint8_t>(what); }
  // The body lies behind the head and in the frame.
  bool is_sound() const { return body >= size && body <= frame; }
};

inline std::uint64_t big_endian(std::string_view bytes) {
  std::uint64_t number = 0;
  for (const char byte : bytes)
    number = number << 8 | static_cast<std::uint8_t>(byte);
  return number;
}

// Precondition: at least frame_head::size bytes.
inline frame_head read_frame_head(std::string_view bytes) {
  frame_head out;
  out.frame = static_cast<std::size_t>(big_endian(bytes.substr(0, 4)));
  out.body = std::size_t{4} * static_cast<std::uint8_t>(bytes[4]);
  out.type = static_cast<std::uint8_t>(bytes[5]);
  out.channel = static_cast<std::uint16_t>(big_endian(bytes.substr(6, 2)));
  return out;
}

// A described type's constructor, and the longest form of the descriptor: 0x00 0x80 and eight bytes.
inline constexpr std::size_t longest_descriptor = 10;

// The code of the performative that a body begins with, in either form of a ulong that peers send (1.6.10).
inline std::optional<std::uint64_t> performative_of(std::string_view body) {
  if (body.starts_with(std::string_view{"\x00\x53", 2}) && body.size() >= 3)
    return big_endian(body.substr(2, 1));
  if (body.starts_with(std::string_view{"\x00\x80", 2}) && body.size() >= longest_descriptor)
    return big_endian(body.substr(2, 8));
  return std::nullopt;
}

} // namespace causeway::amqp
