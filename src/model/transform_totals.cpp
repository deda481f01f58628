// SPDX-License-Identifier: Apache-2.0
#include "model/transform_totals.h"

namespace causeway::model {
namespace {

constexpr auto transform_rows = std::to_array<figure<transform_totals>>({
    {"causeway_transform_events_total", figure_kind::counter, "Events that the transform has answered",
     at<&transform_totals::events>},
    {"causeway_transform_messages_total", figure_kind::counter, "Messages that came out of it",
     at<&transform_totals::outputs>},
    {"causeway_transform_refused_total", figure_kind::counter,
     "Of these events, that ended with an error or at a limit", at<&transform_totals::refused>},
    {"causeway_transform_ends_total", figure_kind::counter,
     "Times that its process has ended, to be started again", at<&transform_totals::ends>},
    {"causeway_transform_waiting", figure_kind::gauge, "Events that wait for it, or are with it",
     at<&transform_totals::waiting>},
    {"causeway_transform_running", figure_kind::gauge, "1 while its process takes events",
     at<&transform_totals::running>},
});

} // namespace

constinit const figure_table<transform_totals> transform_figures{transform_rows};

} // namespace causeway::model
