// SPDX-License-Identifier: Apache-2.0
// What transform counts, and what of it is shown (figure.h). Plain values; monotonic since the start unless
// said so.
#pragma once

#include "model/figure.h"

namespace causeway::model {

// Of one application.
struct transform_totals {
  std::uint64_t events = 0;  // answered
  std::uint64_t outputs = 0; // of these
  std::uint64_t refused = 0; // of these, with an error
  std::uint64_t ends = 0;    // of the child
  std::uint64_t waiting = 0; // now
  bool running = false;      // the child is ready
};
extern const figure_table<transform_totals> transform_figures;

} // namespace causeway::model
