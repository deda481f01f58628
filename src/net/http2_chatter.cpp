// SPDX-License-Identifier: Apache-2.0
#include "net/http2_chatter.h"

#include <algorithm>
#include <chrono>

namespace causeway::net {
namespace {

// RFC 9113 section 6.
constexpr std::uint8_t data = 0, headers = 1, reset = 3, continuation = 9;
constexpr std::uint8_t end_stream = 1;

} // namespace

// What is bounded elsewhere is none: requests by streams, resets and continuations by nghttp2.
bool http2_chatter::is_chatter() const {
  const auto type = head_[3];
  if (type == headers || type == reset || type == continuation) return false;
  const bool is_empty = head_[0] == 0 && head_[1] == 0 && head_[2] == 0;
  return type != data || (is_empty && (head_[4] & end_stream) == 0);
}

bool http2_chatter::take(std::string_view bytes, mono_time now) {
  const std::chrono::duration<double> passed = now - seen_;
  seen_ = now;
  said_ = std::max(0.0, said_ - passed.count() * more_a_second);
  while (!bytes.empty()) {
    if (rest_ > 0) {
      const auto over = std::min(rest_, bytes.size());
      rest_ -= over;
      bytes.remove_prefix(over);
      continue;
    }
    head_[have_++] = static_cast<std::uint8_t>(bytes.front());
    bytes.remove_prefix(1);
    if (have_ < head_size) continue;
    have_ = 0;
    rest_ = std::size_t{head_[0]} << 16 | std::size_t{head_[1]} << 8 | head_[2];
    if (is_chatter()) ++said_;
  }
  return said_ <= most;
}

void http2_chatter::on_answer() {
  said_ = std::max(0.0, said_ - more_an_answer);
}

} // namespace causeway::net
