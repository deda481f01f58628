// SPDX-License-Identifier: Apache-2.0
#include "core/known_uplink.h"

#include "core/device.h"

#include <algorithm>
#include <limits>

namespace causeway::core {

// last_seen is of that uplink, or of what has come behind it.
std::optional<known_uplink> known_uplink_of(const device& of, wall_time now) {
  if (of.newest_uplink == 0) return std::nullopt;
  const auto since = std::chrono::duration_cast<std::chrono::nanoseconds>(now - of.last_seen).count();
  const auto most = std::numeric_limits<std::int64_t>::max() - of.newest_uplink;
  return known_uplink{of.newest_uplink, of.newest_uplink + std::clamp<std::int64_t>(since, 0, most)};
}

bool has_spoken_since(const device& of, const std::optional<known_uplink>& known) {
  return of.newest_uplink > (known ? known->received_at : 0);
}

} // namespace causeway::core
