// SPDX-License-Identifier: Apache-2.0
#include "base/frames.h"

#include "base/check.h"

#include <cstdint>

namespace causeway {

void append_frame(std::string& out, char kind, std::string_view body) {
  CAUSEWAY_CHECK(body.size() <= UINT32_MAX);
  for (int shift = 24; shift >= 0; shift -= 8)
    out += static_cast<char>(body.size() >> shift & 0xff);
  out += kind;
  out += body;
}

void frame_reader::feed(std::string_view bytes) {
  bytes_.erase(0, at_);
  at_ = 0;
  bytes_ += bytes;
}

std::optional<frame> frame_reader::next() {
  const auto rest = std::string_view{bytes_}.substr(at_);
  if (overlong_ || rest.size() < frame_head_bytes) return std::nullopt;
  std::size_t size = 0;
  for (std::size_t i = 0; i < 4; ++i)
    size = size << 8 | static_cast<std::uint8_t>(rest[i]);
  overlong_ = size > longest_;
  if (overlong_ || rest.size() - frame_head_bytes < size) return std::nullopt;
  at_ += frame_head_bytes + size;
  return frame{rest[4], rest.substr(frame_head_bytes, size)};
}

} // namespace causeway
