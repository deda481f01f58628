// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "causeway_bench/uplinks.h"

namespace causeway::bench {

struct floor_options {
  uplinks_options uplinks; // http: 1
  std::uint32_t pairs = 0; // of the floor and the gateway in turns; 0: the floor alone, once
};

// 0: measured, and nothing accepted was lost. 1: lost, or could not be measured.
int measure_floor(const floor_options& options);

} // namespace causeway::bench
