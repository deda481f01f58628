// SPDX-License-Identifier: Apache-2.0
#include "model/stack_totals.h"

namespace causeway::model {
namespace {

constexpr auto webhook_rows = std::to_array<figure<webhook_totals>>({
    {"causeway_webhook_responses_total",
     figure_kind::counter,
     "HTTP answers of the webhook",
     each<&webhook_totals::by_status>,
     {},
     "status"},
    {"causeway_webhook_refused_total",
     figure_kind::counter,
     "Requests refused, by reason (docs/errors.md)",
     each_by_name<&webhook_totals::refused>,
     {},
     "error"},
    {"causeway_webhook_paths_ignored_total", figure_kind::counter,
     "Posts whose path says more than the application beside a body that names its device",
     at<&webhook_totals::needless_paths>},
});

constexpr auto mqtt_rows = std::to_array<figure<mqtt_totals>>({
    {"causeway_mqtt_connected",
     figure_kind::gauge,
     "1 while connected to the MQTT server and subscribed",
     at<&mqtt_totals::line, &mqtt_line_totals::connected>,
     {.key = "connected"}},
    {"",
     figure_kind::gauge,
     "",
     at<&mqtt_totals::line, &mqtt_line_totals::lasts>,
     {.key = "since_seconds", .parts = 1'000}},
    {"causeway_mqtt_connects_total",
     figure_kind::counter,
     "Times it was connected and subscribed",
     at<&mqtt_totals::line, &mqtt_line_totals::connects>,
     {.key = "connects", .order = 1}},
    {"causeway_mqtt_connections_lost_total",
     figure_kind::counter,
     "Connections lost",
     at<&mqtt_totals::line, &mqtt_line_totals::losses>,
     {.key = "connections_lost", .order = 1}},
    {"causeway_mqtt_connects_refused_total",
     figure_kind::counter,
     "Tries to connect that came to nothing",
     at<&mqtt_totals::line, &mqtt_line_totals::refusals>,
     {.key = "connects_refused", .order = 1}},
    {"causeway_mqtt_away_seconds_total",
     figure_kind::counter,
     "Time without a connection: what was published then is missing",
     at<&mqtt_totals::line, &mqtt_line_totals::away>,
     {.key = "away_seconds", .parts = 1'000}},
    {"",
     figure_kind::gauge,
     "",
     at<&mqtt_totals::line, &mqtt_line_totals::connack>,
     {.key = "connack", .order = 1}},
    {"causeway_mqtt_messages_total",
     figure_kind::counter,
     "Messages that arrived by MQTT",
     at<&mqtt_totals::messages>,
     {.key = "messages", .order = 1}},
    {"causeway_mqtt_waiting",
     figure_kind::gauge,
     "Of these, waiting to be stored",
     at<&mqtt_totals::waiting>,
     {.key = "waiting", .order = 1}},
    {"causeway_mqtt_answered_total",
     figure_kind::counter,
     "What became of them; `full`, `share_full` and `unavailable` count tries, which are repeated",
     each_by_name<&mqtt_totals::answered, answer>,
     {},
     "answer"},
    {"causeway_mqtt_refused_total",
     figure_kind::counter,
     "Messages that are no event of the application, by reason (docs/errors.md)",
     each_by_name<&mqtt_totals::refused>,
     {.key = "refused", .order = 1, .as_sum = true},
     "error"},
    {"causeway_mqtt_lost_total",
     figure_kind::counter,
     "Messages that arrived and could not be kept: `inbox_full`, `backlog_full`, `not_taken` in time, "
     "`stopped`",
     each_by_name<&mqtt_totals::lost, mqtt_loss>,
     {.key = "lost", .order = 1, .as_sum = true},
     "reason"},
    {"",
     figure_kind::gauge,
     "",
     at<&mqtt_totals::line, &mqtt_line_totals::fault>,
     {.key = "fault", .order = 1}},
});

constexpr auto registry_rows = std::to_array<figure<registry_totals>>({
    {"causeway_registry_devices",
     figure_kind::gauge,
     "Devices in the last listing, or the one under way",
     at<&registry_totals::listed>,
     {.key = "devices", .order = 1}},
    {"causeway_registry_whole",
     figure_kind::gauge,
     "1 once a listing has come to its end",
     at<&registry_totals::complete>,
     {.key = "whole"}},
    {"causeway_registry_polls_total",
     figure_kind::counter,
     "Times that the registry has told what had changed",
     at<&registry_totals::polls>,
     {.key = "polls"}},
    {"causeway_registry_changes_total",
     figure_kind::counter,
     "Devices that it has told then, repetitions included",
     at<&registry_totals::changes>,
     {.key = "changes"}},
    {"causeway_registry_hints_total",
     figure_kind::counter,
     "Devices of which the registry's event stream has said something",
     at<&registry_totals::hints>,
     {.key = "hints"}},
    {"causeway_registry_events_heard",
     figure_kind::gauge,
     "1 while the registry's event stream is open",
     at<&registry_totals::hears_events>,
     {.key = "events_heard"}},
    {"causeway_registry_requests_total",
     figure_kind::counter,
     "Requests to the registry",
     at<&registry_totals::requests>,
     {.key = "requests", .order = 1}},
    {"causeway_registry_throttled_total",
     figure_kind::counter,
     "Answers of the registry that asked to slow down",
     at<&registry_totals::throttled>,
     {.key = "throttled", .order = 1}},
    {"", figure_kind::gauge, "", at<&registry_totals::last_error>, {.key = "fault", .order = 1}},
});

constexpr auto backfill_rows = std::to_array<figure<backfill_totals>>({
    {"causeway_backfill_whole",
     figure_kind::gauge,
     "1 while nothing is missing that is known of",
     at<&backfill_totals::whole>,
     {.key = "whole"}},
    {"causeway_backfill_cursor_seconds",
     figure_kind::gauge,
     "Unix time: nothing that the stack received before it is missing",
     at<&backfill_totals::cursor>,
     {.key = "cursor"}},
    {"causeway_backfill_requests_total",
     figure_kind::counter,
     "Requests to the Storage Integration",
     at<&backfill_totals::requests>,
     {.key = "requests"}},
    {"causeway_backfill_records_total",
     figure_kind::counter,
     "Events that it has shown",
     at<&backfill_totals::records>,
     {.key = "records"}},
    {"causeway_backfill_stored_total",
     figure_kind::counter,
     "Of these, events that had been missing",
     at<&backfill_totals::stored>,
     {.key = "stored"}},
    {"", figure_kind::gauge, "", at<&backfill_totals::last_error>, {.key = "fault"}},
});

} // namespace

constinit const figure_table<webhook_totals> webhook_figures{webhook_rows};
constinit const figure_table<mqtt_totals> mqtt_figures{mqtt_rows};
constinit const figure_table<registry_totals> registry_figures{registry_rows};
constinit const figure_table<backfill_totals> backfill_figures{backfill_rows};

std::string_view to_string(mqtt_loss why) {
  switch (why) {
  case mqtt_loss::inbox_full:
    return "inbox_full";
  case mqtt_loss::backlog_full:
    return "backlog_full";
  case mqtt_loss::not_taken:
    return "not_taken";
  case mqtt_loss::stopped:
    return "stopped";
  }
  return "unknown";
}

} // namespace causeway::model
