// SPDX-License-Identifier: Apache-2.0
// How long a command waits for the registry's list. Pure.
#pragma once

#include "egress/registry_client.h"

namespace causeway::app {

// Whether the first list may still come to its end. A registry that asks to slow down will; one that refuses
// will not; one that cannot be reached is given outage_patience since the start.
inline bool is_being_listed(const egress::registry_totals& of, std::chrono::nanoseconds since_start,
                            std::chrono::nanoseconds outage_patience) {
  if (of.complete) return false;
  if (!of.last_error) return true;
  switch (of.last_error->cls()) {
  case error_class::throttled:
    return true;
  case error_class::transient:
    return since_start < outage_patience;
  default:
    return false;
  }
}

} // namespace causeway::app
