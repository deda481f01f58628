// SPDX-License-Identifier: Apache-2.0
// When the first of several things is due, of which each may have no time.
#pragma once

#include "base/clock.h"

#include <initializer_list>
#include <optional>

namespace causeway {

// Nothing: none has one.
inline std::optional<mono_time> earliest(std::initializer_list<std::optional<mono_time>> of) {
  std::optional<mono_time> first;
  for (const auto& one : of)
    if (one && (!first || *one < *first)) first = one;
  return first;
}

} // namespace causeway
