// SPDX-License-Identifier: Apache-2.0
// Bytes that leave later, in order, however many are on their way: a distance, not a bottleneck. Pure. One
// thread.
#pragma once

#include "base/clock.h"

#include <deque>
#include <optional>
#include <string>

namespace causeway::emulator {

class delay_line {
public:
  explicit delay_line(std::chrono::nanoseconds delay) : delay_{delay} {}

  void push(std::string bytes, mono_time now);
  // Moves what is due to the end of `out`; false when there is nothing.
  bool take(mono_time now, std::string& out);
  // When the next bytes are due.
  std::optional<mono_time> next() const;
  bool empty() const { return parts_.empty(); }
  std::size_t bytes() const { return bytes_; }
  void clear();

private:
  struct part {
    mono_time due;
    std::string bytes;
  };
  std::chrono::nanoseconds delay_;
  std::deque<part> parts_;
  std::size_t bytes_ = 0;
};

} // namespace causeway::emulator
