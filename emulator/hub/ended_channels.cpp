// SPDX-License-Identifier: Apache-2.0
#include "emulator/hub/ended_channels.h"

#include "amqp/frame_head.h"

#include <algorithm>

namespace causeway::emulator {
namespace {

constexpr std::uint64_t begin_code = 0x11, end_code = 0x17;

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
    const auto head = amqp::read_frame_head(head_);
    malformed_ = head.frame < header_size || head.body < header_size;
    if (!malformed_ && head_.size() < wanted()) continue;
    dropping_ = !malformed_ && to_be_dropped();
    if (!dropping_) out_ += head_;
    if (!malformed_) rest_ = head.frame - head_.size();
    head_.clear();
  }
  return out_;
}

std::size_t ended_channels::wanted() const {
  if (head_.size() < header_size) return header_size;
  const auto head = amqp::read_frame_head(head_);
  return std::min(head.frame, head.body + amqp::longest_descriptor);
}

bool ended_channels::to_be_dropped() {
  const auto head = amqp::read_frame_head(head_);
  if (!head.is(amqp::frame_type::amqp) || head.body >= head_.size()) return false;
  const auto channel = head.channel;
  const auto performative = amqp::performative_of(std::string_view{head_}.substr(head.body));
  if (performative == begin_code) ended_.erase(channel);
  // Open and close, too, are on a channel, which is then no session's.
  const bool of_session = performative && *performative >= begin_code && *performative <= end_code;
  const bool drop = of_session && ended_.contains(channel);
  if (performative == end_code) ended_.insert(channel);
  return drop;
}

} // namespace causeway::emulator
