// SPDX-License-Identifier: Apache-2.0
// Of figures that no room of its own counts, what is shown (model/figure.h): the webhook's server, and what
// the snapshot itself has. Plain values.
#pragma once

#include "watch/snapshot.h"

namespace causeway::watch {

extern const model::figure_table<net::http_totals> http_figures; // of the webhook
// In the order of the pages, where figures of others stand between them.
extern const model::figure_table<snapshot> oldest_figures;
extern const model::figure_table<snapshot> clock_figures;
extern const model::figure_table<snapshot> timeline_figures;
extern const model::figure_table<snapshot> process_figures;

} // namespace causeway::watch
