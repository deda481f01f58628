// SPDX-License-Identifier: Apache-2.0
// What trace_exporter counts, and what of it is shown (model/figure.h). Plain values.
#pragma once

#include "model/figure.h"

namespace causeway::watch {

struct exporter_totals {
  std::uint64_t exported = 0; // spans that were taken
  std::uint64_t lost = 0;     // overwritten in the ring before they could be sent
  std::uint64_t dropped = 0;  // refused for good
  std::uint64_t requests = 0, faults = 0;
  std::optional<error> last_fault; // none once a request went well
};
extern const model::figure_table<exporter_totals> exporter_figures;

} // namespace causeway::watch
