// SPDX-License-Identifier: Apache-2.0
// How The Things Stack writes times: nanoseconds without the zeros at their end (real-stack-facts.md 2.8).
// Pure.
#pragma once

#include "base/clock.h"

#include <string>

namespace causeway::emulator {

// "2026-11-29T03:31:01.979989116Z", "2026-11-29T03:31:01Z"
inline std::string format_stack_time(wall_time time) {
  const auto since = std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
  auto text = format_rfc3339(time).substr(0, 19);
  auto digits = std::to_string(since % 1'000'000'000);
  digits.insert(0, 9 - digits.size(), '0');
  while (!digits.empty() && digits.back() == '0')
    digits.pop_back();
  if (!digits.empty()) text.append(".").append(digits);
  return text + "Z";
}

} // namespace causeway::emulator
