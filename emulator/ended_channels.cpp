// SPDX-License-Identifier: Apache-2.0
#include "emulator/ended_channels.h"

#include <algorithm>
#include <optional>

namespace causeway::emulator {
namespace {

constexpr std::uint8_t amqp_frame = 0x00;
constexpr std::uint64_t begin_code = 0x11, end_code = 0x17;
// A described type's constructor, and the longest form of the descriptor: 0x00 0x80 and eight bytes.
constexpr std::size_t longest_descriptor = 10;

std::uint64_t big_endian(std::string_view bytes) {
  std::uint64_t number = 0;
  for (const char byte : bytes)
    number = number << 8 | static_cast<std::uint8_t>(byte);
  return number;
}

std::optional<std::uint64_t> performative_of(std::string_view body) {
  if (body.starts_with(std::string_view{"\x00\x53", 2}) && body.size() >= 3)
    return big_endian(body.substr(2, 1));
  if (body.starts_with(std::string_view{"\x00\x80", 2}) && body.size() >= 10)
    return big_endian(body.substr(2, 8));
  return std::nullopt;
}

std::size_t size_of(std::string_view head) {
  return static_cast<std::size_t>(big_endian(head.substr(0, 4)));
}

std::size_t body_of(std::string_view head) {
  return static_cast<std::uint8_t>(head[4]) * std::size_t{4};
}

} // namespace

std::string_view ended_channels::pass(std::string_view bytes) {
  out_.clear();
  while (!bytes.empty()) {
    if (malformed_) {
      out_ += bytes;
      break;
    }
    if (rest_ > 0) {
      const auto part = bytes.substr(0, rest_);
      if (!dropping_) out_ += part;
      rest_ -= part.size();
      bytes.remove_prefix(part.size());
      continue;
    }
    const auto part = bytes.substr(0, wanted() - head_.size());
    head_ += part;
    bytes.remove_prefix(part.size());
    if (head_.size() < header_size) continue;
    malformed_ = size_of(head_) < header_size || body_of(head_) < header_size;
    if (!malformed_ && head_.size() < wanted()) continue;
    dropping_ = !malformed_ && to_be_dropped();
    if (!dropping_) out_ += head_;
    if (!malformed_) rest_ = size_of(head_) - head_.size();
    head_.clear();
  }
  return out_;
}

std::size_t ended_channels::wanted() const {
  if (head_.size() < header_size) return header_size;
  return std::min(size_of(head_), body_of(head_) + longest_descriptor);
}

bool ended_channels::to_be_dropped() {
  if (static_cast<std::uint8_t>(head_[5]) != amqp_frame || body_of(head_) >= head_.size()) return false;
  const auto channel = static_cast<std::uint16_t>(big_endian(std::string_view{head_}.substr(6, 2)));
  const auto performative = performative_of(std::string_view{head_}.substr(body_of(head_)));
  if (performative == begin_code) ended_.erase(channel);
  // Open and close, too, are on a channel, which is then no session's.
  const bool of_session = performative && *performative >= begin_code && *performative <= end_code;
  const bool drop = of_session && ended_.contains(channel);
  if (performative == end_code) ended_.insert(channel);
  return drop;
}

} // namespace causeway::emulator
