// SPDX-License-Identifier: Apache-2.0
// For tests that make, or look into, events that are uplinks.
#pragma once

#include "model/event.h"

namespace causeway::model::testing {

// It becomes one where it is nothing yet.
inline uplink& frame_of(event& of) {
  if (std::holds_alternative<std::monostate>(of.what)) of.what.emplace<uplink>();
  return std::get<uplink>(of.what);
}
inline const uplink& frame_of(const event& of) {
  return std::get<uplink>(of.what);
}

} // namespace causeway::model::testing
