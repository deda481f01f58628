// SPDX-License-Identifier: Apache-2.0
// Frames on a stream of bytes between two of our own processes: the body's length in 4 bytes, big-endian, one
// byte that says what it is, the body. Values; one thread each.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace causeway {

inline constexpr std::size_t frame_head_bytes = 5;

// Precondition: the body is below 4 GiB.
void append_frame(std::string& out, char kind, std::string_view body);

struct frame {
  char kind = 0;
  std::string_view body; // valid until the reader is fed or asked again
};

// Keeps at most what it was fed and has not yet given out: who feeds it bounds it, and looks at overlong().
class frame_reader {
public:
  // A longer body is none of ours.
  explicit frame_reader(std::size_t longest) : longest_{longest} {}

  void feed(std::string_view bytes);
  // The next whole frame; nothing when more bytes are needed, and for good once overlong().
  std::optional<frame> next();
  bool overlong() const { return overlong_; }

private:
  std::size_t longest_;
  std::string bytes_;
  std::size_t at_ = 0; // what is before it was given out
  bool overlong_ = false;
};

} // namespace causeway
