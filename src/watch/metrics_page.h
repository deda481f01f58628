// SPDX-License-Identifier: Apache-2.0
// /metrics. Names are an API: declared in the tables of figures and in metrics_page.cpp, listed in
// docs/metrics.md.
#pragma once

#include "watch/exposition.h"
#include "watch/snapshot.h"

#include <string>

namespace causeway::watch {

std::string render_metrics(const snapshot& now,
                           exposition_format format = exposition_format::prometheus_text);
// The table of docs/metrics.md.
std::string describe_metrics_markdown();

} // namespace causeway::watch
