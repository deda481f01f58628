// SPDX-License-Identifier: Apache-2.0
// Where a device lives in Azure. Plain values.
#pragma once

#include "base/clock.h"
#include "base/ids.h"

namespace causeway::model {

struct assignment {
  hub_host hub;
  causeway::identity identity; // device id in that hub
  azure_name section;          // the configuration section it came through
  wall_time assigned_at{};
  // Identifies the key that it was made with (hex of the first 8 bytes of SHA-256 over scope and key), so
  // that a changed enrolment makes the assignment stale. Empty for hubs by connection string.
  std::string fingerprint;

  friend bool operator==(const assignment&, const assignment&) = default;
};

} // namespace causeway::model
