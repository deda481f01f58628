// SPDX-License-Identifier: Apache-2.0
// The newest uplink of a device that has come in before a push leaves: what the network server's record is
// held against when the push gets no answer (docs/decisions/0036-silence-without-clocks.md). Pure.
#pragma once

#include "base/clock.h"

#include <cstdint>
#include <optional>

namespace causeway::core {

struct device;

// Nanoseconds since 1970 by the network server's clock: numbers, for in texts it cuts off trailing zeros.
struct known_uplink {
  std::int64_t received_at = 0;
  // The push leaves then or later: what has gone by here since the uplink came in is added.
  std::int64_t leaves_after = 0;
  friend bool operator==(const known_uplink&, const known_uplink&) = default;
};

// Nothing: this process has heard none of the device.
std::optional<known_uplink> known_uplink_of(const device& of, wall_time now);
// A newer one has come in than was known then; nothing was: any.
bool has_spoken_since(const device& of, const std::optional<known_uplink>& known);

} // namespace causeway::core
