// SPDX-License-Identifier: Apache-2.0
// /metrics in Prometheus' text format. Names are an API: declared in metrics_page.cpp only, listed in
// docs/metrics.md.
#pragma once

#include "watch/snapshot.h"

#include <string>

namespace causeway::watch {

std::string render_metrics(const snapshot& now);
// The table of docs/metrics.md.
std::string describe_metrics_markdown();

} // namespace causeway::watch
