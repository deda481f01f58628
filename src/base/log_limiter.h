// SPDX-License-Identifier: Apache-2.0
// Keeps one cause from writing a line for each of 100,000 devices: the logger's queue is bounded, and the
// line that says why would be pushed out by those that say who. Pure: time is a parameter. One thread.
#pragma once

#include "base/clock.h"
#include "base/error.h"

#include <cstdint>
#include <map>
#include <optional>

namespace causeway {

class log_limiter {
public:
  // a_second: lines for each error, counted from the first one of a second.
  explicit log_limiter(std::uint32_t a_second = 20) : a_second_{a_second} {}

  // How many lines of this error were left out before this one, which may be written; nothing when it is left
  // out too.
  std::optional<std::uint64_t> admit(errc code, mono_time now);

private:
  struct account {
    mono_time began{};
    std::uint32_t written = 0;
    std::uint64_t left_out = 0;
  };
  std::uint32_t a_second_;
  std::map<errc, account> accounts_;
};

} // namespace causeway
