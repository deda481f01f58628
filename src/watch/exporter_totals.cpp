// SPDX-License-Identifier: Apache-2.0
#include "watch/exporter_totals.h"

namespace causeway::watch {
namespace {

using model::at;
using model::figure;
using model::figure_kind;
using model::figure_table;

constexpr auto exporter_rows = std::to_array<figure<exporter_totals>>({
    {"causeway_export_spans_total",
     figure_kind::counter,
     "Spans handed over",
     at<&exporter_totals::exported>,
     {.key = "exported"}},
    {"causeway_export_spans_lost_total",
     figure_kind::counter,
     "Spans overwritten before they could be handed over",
     at<&exporter_totals::lost>,
     {.key = "lost"}},
    {"causeway_export_spans_dropped_total",
     figure_kind::counter,
     "Spans that were refused for good",
     at<&exporter_totals::dropped>,
     {.key = "dropped"}},
    {"causeway_export_requests_total",
     figure_kind::counter,
     "Requests with spans",
     at<&exporter_totals::requests>,
     {.key = "requests"}},
    {"causeway_export_faults_total",
     figure_kind::counter,
     "Of these, that did not succeed",
     at<&exporter_totals::faults>,
     {.key = "faults"}},
    {"", figure_kind::gauge, "", at<&exporter_totals::last_fault>, {.key = "fault"}},
});

} // namespace

constinit const figure_table<exporter_totals> exporter_figures{exporter_rows};

} // namespace causeway::watch
