// SPDX-License-Identifier: Apache-2.0
// The ids that The Things Stack gives: ULIDs, 26 characters of Crockford's base 32, the first ten a time in
// milliseconds. The rest follows from a seed and a count, so none comes twice. Pure. One thread.
#pragma once

#include "base/clock.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace causeway::emulator {

class ulid_source {
public:
  explicit ulid_source(std::string seed) : seed_{std::move(seed)} {}

  std::string make(wall_time at);
  // "as:downlink:01M8…"
  std::string make(std::string_view prefix, wall_time at) { return std::string{prefix} + ":" + make(at); }
  // 32 hexadecimal digits: what errors are told apart by.
  std::string make_error_id();
  // Of a session: base64 of 16 bytes.
  std::string make_key_id();

private:
  std::string seed_;
  std::uint64_t count_ = 0;
};

} // namespace causeway::emulator
