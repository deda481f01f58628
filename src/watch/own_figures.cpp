// SPDX-License-Identifier: Apache-2.0
#include "watch/own_figures.h"

namespace causeway::watch {
namespace {

using model::at;
using model::each;
using model::figure;
using model::figure_kind;
using model::figure_reader;
using model::figure_sink;
using model::figure_table;

constexpr figure_reader<net::http_totals> by_version{[](const net::http_totals& from, const figure_sink& to) {
  to("1.1", from.connections - from.http2_connections);
  to("2", from.http2_connections);
}};

constexpr figure_reader<net::http_totals> streams_refused{
    [](const net::http_totals& from, const figure_sink& to) {
      to("budget", from.counts.streams_over_budget);
      to("limit", from.counts.streams_over_limit);
    }};

constexpr figure_reader<net::http_totals> connections_ended{
    [](const net::http_totals& from, const figure_sink& to) {
      to("budget", from.counts.ended_by_budget);
      to("flood", from.counts.ended_by_flood);
      to("protocol", from.counts.ended_by_protocol);
    }};

// For people.
constexpr figure_reader<snapshot> loop_lag_ms{[](const snapshot& from, const figure_sink& to) {
  to({}, std::chrono::duration<double>(from.loop_lag).count() * 1'000);
}};

constexpr auto http_rows = std::to_array<figure<net::http_totals>>({
    {"causeway_webhook_connections",
     figure_kind::gauge,
     "Open connections of the webhook, by HTTP's version",
     by_version,
     {},
     "http"},
    {"causeway_webhook_connections_refused_total", figure_kind::counter,
     "Connections of the webhook closed at once, or to make room for others", at<&net::http_totals::refused>},
    {"causeway_webhook_held_bytes", figure_kind::gauge,
     "Held by requests and unread answers of the webhook; at most about 64 MiB",
     at<&net::http_totals::held_bytes>},
    {"causeway_webhook_streams_refused_total",
     figure_kind::counter,
     "Requests by HTTP/2 refused before they were looked at, which the client may repeat: `limit`, more than "
     "1,024 of a connection; `budget`, the webhook holds all that it may",
     streams_refused,
     {},
     "reason"},
    {"causeway_webhook_connections_ended_total",
     figure_kind::counter,
     "Connections by HTTP/2 ended: `protocol`, not HTTP/2; `flood`, beyond a connection's limits; `budget`, "
     "held what others needed",
     connections_ended,
     {},
     "reason"},
});

constexpr auto oldest_rows = std::to_array<figure<snapshot>>({
    {"causeway_spool_oldest_seconds",
     figure_kind::gauge,
     "How long the oldest message that is not with a hub has waited; 0 when there is none",
     at<&snapshot::oldest>,
     {.key = "spool.oldest_seconds", .order = 1}},
});

constexpr auto clock_rows = std::to_array<figure<snapshot>>({
    {"causeway_clock_skew_seconds",
     figure_kind::gauge,
     "How far this machine's clock is ahead of the service's, by what it last told; negative: behind",
     each<&snapshot::clock_skews>,
     {},
     "service"},
});

constexpr auto timeline_rows = std::to_array<figure<snapshot>>({
    {"",
     figure_kind::gauge,
     "",
     at<&snapshot::stored_a_second>,
     {.key = "messages.stored_a_second", .parts = 10}},
    {"",
     figure_kind::gauge,
     "",
     at<&snapshot::sent_a_second>,
     {.key = "messages.sent_a_second", .parts = 10}},
    {"causeway_timeline_spans_total",
     figure_kind::counter,
     "Phases noted in the timeline",
     at<&snapshot::spans_noted>,
     {.key = "timeline.noted"}},
    {"causeway_timeline_spans_kept",
     figure_kind::gauge,
     "Phases that the timeline still has",
     at<&snapshot::spans_kept>,
     {.key = "timeline.kept"}},
});

constexpr auto process_rows = std::to_array<figure<snapshot>>({
    {"causeway_loop_lag_seconds", figure_kind::gauge,
     "The longest that work waited on the loop in the last second", at<&snapshot::loop_lag>},
    {"", figure_kind::gauge, "", loop_lag_ms, {.key = "loop_lag_ms", .parts = 1'000}},
    {"causeway_certificate_end_seconds",
     figure_kind::gauge,
     "When a certificate ends, its chain included, Unix time",
     each<&snapshot::certificate_ends>,
     {},
     "certificate"},
    {"causeway_start_time_seconds", figure_kind::gauge, "When the gateway started, Unix time",
     at<&snapshot::started>},
});

} // namespace

constinit const figure_table<net::http_totals> http_figures{http_rows};
constinit const figure_table<snapshot> oldest_figures{oldest_rows};
constinit const figure_table<snapshot> clock_figures{clock_rows};
constinit const figure_table<snapshot> timeline_figures{timeline_rows};
constinit const figure_table<snapshot> process_figures{process_rows};

} // namespace causeway::watch
