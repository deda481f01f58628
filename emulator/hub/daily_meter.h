// SPDX-License-Identifier: Apache-2.0
// An emulated hub's daily quota of messages (azure-iot-wire.md E.8): each message counts once for each begun
// piece of the meter's size, until 00:00 UTC. Pure. One thread.
#pragma once

#include "base/clock.h"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace causeway::emulator {

struct daily_meter_options {
  std::optional<std::uint64_t> limit; // absent: everything passes, and is counted
  std::size_t piece_bytes = 4096;
};

class daily_meter {
public:
  explicit daily_meter(daily_meter_options options) : options_{options} {}

  // How often a message of this size counts.
  std::uint64_t pieces(std::size_t bytes) const;
  // Counts them; false, and nothing is counted, when they would exceed the limit.
  bool admit(std::uint64_t pieces, wall_time now);

  const daily_meter_options& options() const { return options_; }
  // Today's.
  std::uint64_t used(wall_time now) const { return day_of(now) == day_ ? used_ : 0; }
  void set_limit(std::optional<std::uint64_t> limit) { options_.limit = limit; }
  void set_used(std::uint64_t used, wall_time now);
  // When the count begins anew.
  static wall_time end_of_day(wall_time now);

private:
  static std::int64_t day_of(wall_time now);

  daily_meter_options options_;
  std::int64_t day_ = 0; // since 1970-01-01 UTC
  std::uint64_t used_ = 0;
};

} // namespace causeway::emulator
