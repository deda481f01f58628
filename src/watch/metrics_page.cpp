// SPDX-License-Identifier: Apache-2.0
#include "watch/metrics_page.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <functional>
#include <vector>

namespace causeway::watch {
namespace {

using labels = std::vector<std::pair<std::string, std::string>>;

// Takes one sample of a family: its labels and its value.
using emit = std::function<void(labels, double)>;

struct family {
  const char* name;
  prometheus::MetricType type;
  const char* label_names; // for the documentation
  const char* help;
  void (*samples)(const snapshot&, const emit&);
};

constexpr auto counter = prometheus::MetricType::Counter;
constexpr auto gauge = prometheus::MetricType::Gauge;

double number(std::uint64_t value) {
  return static_cast<double>(value);
}

// One sample for each entry of a map of figures.
template <class Figures, class Value>
void each(const std::map<std::string, Figures>& all, const char* label, const emit& out, const Value& value) {
  for (const auto& [name, figures] : all)
    out({{label, name}}, static_cast<double>(value(figures)));
}
void hubs(const snapshot& s, const emit& out, double (*value)(const hub_figures&)) {
  each(s.hubs, "hub", out, value);
}
void sections(const snapshot& s, const emit& out, double (*value)(const dps_figures&)) {
  each(s.dps, "section", out, value);
}
void applications(const snapshot& s, const emit& out, double (*value)(const registry_figures&)) {
  each(s.registry, "application", out, value);
}
void backfills(const snapshot& s, const emit& out, double (*value)(const backfill_figures&)) {
  each(s.backfill, "application", out, value);
}
void transforms(const snapshot& s, const emit& out, double (*value)(const transform_figures&)) {
  each(s.transforms, "application", out, value);
}

void connections(const snapshot& s, const emit& out, double (*value)(const mqtt_figures&)) {
  each(s.mqtt, "application", out, value);
}
// One sample for each application and each entry of a map of its own.
void by_both(const snapshot& s, const emit& out, const char* label,
             const std::map<std::string, std::uint64_t> mqtt_figures::*counts) {
  for (const auto& [application, figures] : s.mqtt)
    for (const auto& [name, count] : figures.*counts)
      out({{"application", application}, {label, name}}, number(count));
}
void exporters(const snapshot& s, const emit& out, double (*value)(const exporter_figures&)) {
  each(s.exporters, "exporter", out, value);
}

void uses(const snapshot& s, const emit& out, std::uint64_t (*value)(const model::spool_use&)) {
  for (const auto& use : s.spool.applications)
    out({{"application", use.application.str()}}, number(value(use)));
}

const std::vector<family>& families() {
  static const std::vector<family> all{
      {"causeway_events_received_total", counter, "kind", "Events of The Things Stack that were understood",
       [](const snapshot& s, const emit& out) {
         for (std::size_t i = 0; i < model::event_kinds; ++i)
           out({{"kind", std::string{model::to_string(static_cast<model::event_kind>(i))}}},
               number(s.bridge.received[i]));
       }},
      {"causeway_events_answered_total", counter, "answer", "What became of them",
       [](const snapshot& s, const emit& out) {
         for (std::size_t i = 0; i < s.bridge.answered.size(); ++i)
           out({{"answer", std::string{model::to_string(static_cast<model::answer>(i))}}},
               number(s.bridge.answered[i]));
       }},
      {"causeway_webhook_responses_total", counter, "status", "HTTP answers of the webhook",
       [](const snapshot& s, const emit& out) {
         for (const auto& [status, count] : s.webhook_by_status)
           out({{"status", std::to_string(status)}}, number(count));
       }},
      {"causeway_webhook_refused_total", counter, "error", "Requests refused, by reason (docs/errors.md)",
       [](const snapshot& s, const emit& out) {
         for (const auto& [name, count] : s.webhook_refused)
           out({{"error", name}}, number(count));
       }},
      {"causeway_webhook_paths_ignored_total", counter, "",
       "Posts whose path says more than the application beside a body that names its device",
       [](const snapshot& s, const emit& out) { out({}, number(s.webhook_needless_paths)); }},
      {"causeway_webhook_connections", gauge, "http", "Open connections of the webhook, by HTTP's version",
       [](const snapshot& s, const emit& out) {
         for (const auto& [version, count] : s.webhook_connections)
           out({{"http", version}}, number(count));
       }},
      {"causeway_webhook_connections_refused_total", counter, "",
       "Connections of the webhook closed at once, or to make room for others",
       [](const snapshot& s, const emit& out) { out({}, number(s.webhook_connections_refused)); }},
      {"causeway_webhook_held_bytes", gauge, "",
       "Held by requests and unread answers of the webhook; at most about 64 MiB",
       [](const snapshot& s, const emit& out) { out({}, number(s.webhook_held_bytes)); }},
      {"causeway_webhook_streams_refused_total", counter, "reason",
       "Requests by HTTP/2 refused before they were looked at, which the client may repeat: `limit`, more "
       "than 1,024 of a connection; `budget`, the webhook holds all that it may",
       [](const snapshot& s, const emit& out) {
         for (const auto& [reason, count] : s.webhook_streams_refused)
           out({{"reason", reason}}, number(count));
       }},
      {"causeway_webhook_connections_ended_total", counter, "reason",
       "Connections by HTTP/2 ended: `protocol`, not HTTP/2; `flood`, beyond a connection's limits; "
       "`budget`, held what others needed",
       [](const snapshot& s, const emit& out) {
         for (const auto& [reason, count] : s.webhook_connections_ended)
           out({{"reason", reason}}, number(count));
       }},
      {"causeway_mqtt_connected", gauge, "application", "1 while connected to the MQTT server and subscribed",
       [](const snapshot& s, const emit& out) {
         connections(s, out, [](const mqtt_figures& f) { return f.connected ? 1.0 : 0.0; });
       }},
      {"causeway_mqtt_connects_total", counter, "application", "Times it was connected and subscribed",
       [](const snapshot& s, const emit& out) {
         connections(s, out, [](const mqtt_figures& f) { return number(f.connects); });
       }},
      {"causeway_mqtt_connections_lost_total", counter, "application", "Connections lost",
       [](const snapshot& s, const emit& out) {
         connections(s, out, [](const mqtt_figures& f) { return number(f.losses); });
       }},
      {"causeway_mqtt_connects_refused_total", counter, "application",
       "Tries to connect that came to nothing",
       [](const snapshot& s, const emit& out) {
         connections(s, out, [](const mqtt_figures& f) { return number(f.refusals); });
       }},
      {"causeway_mqtt_away_seconds_total", counter, "application",
       "Time without a connection: what was published then is missing",
       [](const snapshot& s, const emit& out) {
         connections(s, out, [](const mqtt_figures& f) { return f.away_seconds; });
       }},
      {"causeway_mqtt_messages_total", counter, "application", "Messages that arrived by MQTT",
       [](const snapshot& s, const emit& out) {
         connections(s, out, [](const mqtt_figures& f) { return number(f.messages); });
       }},
      {"causeway_mqtt_waiting", gauge, "application", "Of these, waiting to be stored",
       [](const snapshot& s, const emit& out) {
         connections(s, out, [](const mqtt_figures& f) { return number(f.waiting); });
       }},
      {"causeway_mqtt_answered_total", counter, "application, answer",
       "What became of them; `full`, `share_full` and `unavailable` count tries, which are repeated",
       [](const snapshot& s, const emit& out) { by_both(s, out, "answer", &mqtt_figures::answered); }},
      {"causeway_mqtt_refused_total", counter, "application, error",
       "Messages that are no event of the application, by reason (docs/errors.md)",
       [](const snapshot& s, const emit& out) { by_both(s, out, "error", &mqtt_figures::refused); }},
      {"causeway_mqtt_lost_total", counter, "application, reason",
       "Messages that arrived and could not be kept: `inbox_full`, `backlog_full`, `not_taken` in time, "
       "`stopped`",
       [](const snapshot& s, const emit& out) { by_both(s, out, "reason", &mqtt_figures::lost); }},
      {"causeway_devices", gauge, "state", "Devices by state",
       [](const snapshot& s, const emit& out) {
         for (std::size_t i = 0; i < model::device_states; ++i)
           out({{"state", std::string{model::to_string(static_cast<model::device_state>(i))}}},
               number(s.bridge.devices[i]));
       }},
      {"causeway_messages_sent_total", counter, "", "Messages that a hub has accepted",
       [](const snapshot& s, const emit& out) { out({}, number(s.bridge.sent)); }},
      {"causeway_messages_resent_total", counter, "", "Messages sent again, with the same message-id",
       [](const snapshot& s, const emit& out) { out({}, number(s.bridge.resent)); }},
      {"causeway_messages_dead_lettered_total", counter, "", "Messages and events moved to the dead letters",
       [](const snapshot& s, const emit& out) { out({}, number(s.bridge.dead_lettered)); }},
      {"causeway_messages_grace_ended_total", counter, "",
       "Of these, messages whose device could not be connected for `removed_grace`",
       [](const snapshot& s, const emit& out) { out({}, number(s.bridge.grace_ended)); }},
      {"causeway_messages_refused_unknown_total", counter, "",
       "Refusals of messages by a hub for a reason that is not in the catalogue; the message waits",
       [](const snapshot& s, const emit& out) { out({}, number(s.bridge.refused_unknown)); }},
      {"causeway_applications_paused", gauge, "",
       "Applications that send nothing but one message now and then to a hub that refuses theirs so",
       [](const snapshot& s, const emit& out) { out({}, number(s.bridge.applications_paused)); }},
      {"causeway_dead_letters", gauge, "", "Dead letters that are kept",
       [](const snapshot& s, const emit& out) { out({}, number(s.store.dead_letters_kept)); }},
      {"causeway_messages_read_back_total", counter, "",
       "Messages read back from the spool before they were sent",
       [](const snapshot& s, const emit& out) { out({}, number(s.bridge.read_back)); }},
      {"causeway_device_attaches_total", counter, "", "Times a device was handed to its hub's connection",
       [](const snapshot& s, const emit& out) { out({}, number(s.bridge.attaches)); }},
      {"causeway_device_detaches_total", counter, "", "Times a device lost its attachment",
       [](const snapshot& s, const emit& out) { out({}, number(s.bridge.detaches)); }},
      {"causeway_device_parks_total", counter, "", "Times a device was parked",
       [](const snapshot& s, const emit& out) { out({}, number(s.bridge.parks)); }},
      {"causeway_uplinks_portless_total", counter, "",
       "Uplinks with a payload and without a port: the webhook's field mask has left it out",
       [](const snapshot& s, const emit& out) { out({}, number(s.bridge.portless)); }},
      {"causeway_frames_missing_total", counter, "", "Frame counters skipped",
       [](const snapshot& s, const emit& out) { out({}, number(s.bridge.frames_missing)); }},
      {"causeway_frames_late_total", counter, "", "Frames that came after a later one of the same device",
       [](const snapshot& s, const emit& out) { out({}, number(s.bridge.frames_late)); }},
      {"causeway_spool_messages", gauge, "", "Messages waiting in the spool",
       [](const snapshot& s, const emit& out) { out({}, number(s.store.messages)); }},
      {"causeway_spool_bytes", gauge, "", "Bytes waiting in the spool",
       [](const snapshot& s, const emit& out) { out({}, number(s.store.bytes)); }},
      {"causeway_spool_file_bytes", gauge, "", "Size of spool.db without its log",
       [](const snapshot& s, const emit& out) { out({}, number(s.store.file_bytes)); }},
      {"causeway_spool_file_free_bytes", gauge, "", "Of these, free for what comes",
       [](const snapshot& s, const emit& out) { out({}, number(s.store.free_bytes)); }},
      {"causeway_spool_missing_messages", gauge, "",
       "Acknowledged messages that damage to the spool has taken, at most and as far as it is known, found "
       "since this "
       "start: not there any more, or nothing of them can be read",
       [](const snapshot& s, const emit& out) { out({}, number(s.store.missing)); }},
      {"causeway_spool_missing_unknown", gauge, "",
       "1 when damage found since this start may have taken more acknowledged messages than anything can "
       "tell",
       [](const snapshot& s, const emit& out) { out({}, s.store.missing_unknown ? 1 : 0); }},
      {"causeway_spool_unreadable_total", counter, "",
       "Messages that were read back and were not what was stored: not sent, dead letters record_corrupt",
       [](const snapshot& s, const emit& out) { out({}, number(s.store.unreadable)); }},
      {"causeway_spool_oldest_seconds", gauge, "",
       "How long the oldest message that is not with a hub has waited; 0 when there is none",
       [](const snapshot& s, const emit& out) { out({}, s.spool.oldest_seconds.value_or(0)); }},
      {"causeway_spool_application_messages", gauge, "application",
       "Messages of the application in the spool",
       [](const snapshot& s, const emit& out) {
         uses(s, out, [](const model::spool_use& use) { return use.waiting.messages; });
       }},
      {"causeway_spool_application_bytes", gauge, "application", "Bytes of the application in the spool",
       [](const snapshot& s, const emit& out) {
         uses(s, out, [](const model::spool_use& use) { return use.waiting.bytes; });
       }},
      {"causeway_spool_application_dead_letters", gauge, "application",
       "Dead letters of the application; they take of its share of the spool",
       [](const snapshot& s, const emit& out) {
         uses(s, out, [](const model::spool_use& use) { return use.letters.messages; });
       }},
      {"causeway_spool_application_dead_letter_bytes", gauge, "application", "Their bytes",
       [](const snapshot& s, const emit& out) {
         uses(s, out, [](const model::spool_use& use) { return use.letters.bytes; });
       }},
      {"causeway_spool_dead_letters_share_ratio", gauge, "application",
       "The part of the application's share of the spool that its dead letters take; at 1 its events are "
       "answered 503",
       [](const snapshot& s, const emit& out) {
         for (const auto& use : s.spool.applications)
           out({{"application", use.application.str()}}, use.letters_part);
       }},
      {"causeway_application_devices", gauge, "application", "Devices of the application",
       [](const snapshot& s, const emit& out) {
         uses(s, out, [](const model::spool_use& use) { return use.devices; });
       }},
      {"causeway_application_devices_refused_total", counter, "application",
       "Events refused because their device would be one more than its application's share, or than are kept",
       [](const snapshot& s, const emit& out) {
         uses(s, out, [](const model::spool_use& use) { return use.devices_refused; });
       }},
      {"causeway_spool_share_refused_total", counter, "application",
       "Events refused because the application had taken its share of the spool",
       [](const snapshot& s, const emit& out) {
         uses(s, out, [](const model::spool_use& use) { return use.refused; });
       }},
      {"causeway_spool_application_dropped_total", counter, "application",
       "Messages of the application that were given up",
       [](const snapshot& s, const emit& out) {
         uses(s, out, [](const model::spool_use& use) { return use.dropped; });
       }},
      {"causeway_messages_dropped_total", counter, "reason",
       "Messages given up, as configured: because the spool, or the application's share, was full; for their "
       "age",
       [](const snapshot& s, const emit& out) {
         for (const auto why : {model::drop_reason::full, model::drop_reason::share, model::drop_reason::age})
           out({{"reason", std::string{model::to_string(why)}}},
               number(s.bridge.dropped[static_cast<std::size_t>(why)]));
       }},
      {"causeway_store_queued", gauge, "", "Requests waiting for the store's thread",
       [](const snapshot& s, const emit& out) { out({}, number(s.store.queued)); }},
      {"causeway_store_commits_total", counter, "", "Transactions made durable",
       [](const snapshot& s, const emit& out) { out({}, number(s.store.commits)); }},
      {"causeway_store_fsyncs_total", counter, "", "Times the disk was asked to make its writes durable",
       [](const snapshot& s, const emit& out) { out({}, number(s.store.fsyncs)); }},
      {"causeway_store_commit_faults_total", counter, "", "Transactions that could not be made durable",
       [](const snapshot& s, const emit& out) { out({}, number(s.store.commit_faults)); }},
      {"causeway_store_last_commit_seconds", gauge, "", "How long the last commit took",
       [](const snapshot& s, const emit& out) { out({}, s.store.last_commit_seconds); }},
      {"causeway_hub_connections", gauge, "hub", "Open AMQP connections",
       [](const snapshot& s, const emit& out) {
         hubs(s, out, [](const hub_figures& f) { return number(f.connections_open); });
       }},
      {"causeway_hub_connections_made_total", counter, "hub", "AMQP connections made",
       [](const snapshot& s, const emit& out) {
         hubs(s, out, [](const hub_figures& f) { return number(f.connections_made); });
       }},
      {"causeway_hub_connections_lost_total", counter, "hub", "AMQP connections lost or not made",
       [](const snapshot& s, const emit& out) {
         hubs(s, out, [](const hub_figures& f) { return number(f.connections_lost); });
       }},
      {"causeway_hub_connections_rotated_total", counter, "hub",
       "Connections replaced because their count of tokens ran out",
       [](const snapshot& s, const emit& out) {
         hubs(s, out, [](const hub_figures& f) { return number(f.connections_rotated); });
       }},
      {"causeway_hub_tokens_total", counter, "hub", "Tokens put, renewals included",
       [](const snapshot& s, const emit& out) {
         hubs(s, out, [](const hub_figures& f) { return number(f.tokens_put); });
       }},
      {"causeway_hub_devices", gauge, "hub", "Devices that belong to the hub",
       [](const snapshot& s, const emit& out) {
         hubs(s, out, [](const hub_figures& f) { return number(f.devices); });
       }},
      {"causeway_hub_devices_online", gauge, "hub", "Of these, attached",
       [](const snapshot& s, const emit& out) {
         hubs(s, out, [](const hub_figures& f) { return number(f.attached); });
       }},
      {"causeway_hub_devices_queued", gauge, "hub", "Of these, waiting for the budget of connects",
       [](const snapshot& s, const emit& out) {
         hubs(s, out, [](const hub_figures& f) { return number(f.queued); });
       }},
      {"causeway_hub_connects_total", counter, "hub", "Devices let through by the budget of connects",
       [](const snapshot& s, const emit& out) {
         hubs(s, out, [](const hub_figures& f) { return number(f.connects); });
       }},
      {"causeway_hub_connects_limit", gauge, "hub", "Connects a second, as the budget stands",
       [](const snapshot& s, const emit& out) {
         hubs(s, out, [](const hub_figures& f) { return f.connect_budget.limit; });
       }},
      {"causeway_hub_connects_ceiling", gauge, "hub", "Connects a second, the quota",
       [](const snapshot& s, const emit& out) {
         hubs(s, out, [](const hub_figures& f) { return f.connect_budget.ceiling; });
       }},
      {"causeway_hub_connects_refused_total", counter, "hub", "Connects refused by the hub for their pace",
       [](const snapshot& s, const emit& out) {
         hubs(s, out, [](const hub_figures& f) { return number(f.connect_budget.refusals); });
       }},
      {"causeway_hub_sends_waiting", gauge, "hub", "Messages waiting for the budget of sends",
       [](const snapshot& s, const emit& out) {
         hubs(s, out, [](const hub_figures& f) { return number(f.sends_waiting); });
       }},
      {"causeway_hub_sends_limit", gauge, "hub", "Sends a second, as the budget stands",
       [](const snapshot& s, const emit& out) {
         hubs(s, out, [](const hub_figures& f) { return f.send_budget.limit; });
       }},
      {"causeway_hub_sends_ceiling", gauge, "hub", "Sends a second, the quota",
       [](const snapshot& s, const emit& out) {
         hubs(s, out, [](const hub_figures& f) { return f.send_budget.ceiling; });
       }},
      {"causeway_hub_sends_refused_total", counter, "hub",
       "Sends refused by the hub for their pace or its daily quota",
       [](const snapshot& s, const emit& out) {
         hubs(s, out, [](const hub_figures& f) { return number(f.send_budget.refusals); });
       }},
      {"causeway_hub_quota_used_up", gauge, "hub", "1 while the hub's messages of the day are used up",
       [](const snapshot& s, const emit& out) {
         hubs(s, out, [](const hub_figures& f) { return f.quota_used_up ? 1.0 : 0.0; });
       }},
      {"causeway_clock_skew_seconds", gauge, "service",
       "How far this machine's clock is ahead of the service's, by what it last told; negative: behind",
       [](const snapshot& s, const emit& out) {
         for (const auto& [service, ahead] : s.clock_skews)
           out({{"service", service}}, ahead);
       }},
      {"causeway_dps_requests_total", counter, "section", "HTTPS requests to DPS: registrations and polls",
       [](const snapshot& s, const emit& out) {
         sections(s, out, [](const dps_figures& f) { return number(f.requests); });
       }},
      {"causeway_dps_assigned_total", counter, "section", "Registrations that DPS answered with a hub",
       [](const snapshot& s, const emit& out) {
         sections(s, out, [](const dps_figures& f) { return number(f.assigned); });
       }},
      {"causeway_dps_refused_total", counter, "section", "Registrations that came to no hub",
       [](const snapshot& s, const emit& out) {
         sections(s, out, [](const dps_figures& f) { return number(f.refused); });
       }},
      {"causeway_dps_in_progress", gauge, "section", "Registrations under way or waiting",
       [](const snapshot& s, const emit& out) {
         sections(s, out, [](const dps_figures& f) { return number(f.in_progress); });
       }},
      {"causeway_dps_waiting", gauge, "section", "Of these, waiting for the budget",
       [](const snapshot& s, const emit& out) {
         sections(s, out, [](const dps_figures& f) { return number(f.waiting); });
       }},
      {"causeway_dps_registrations_limit", gauge, "section", "Registrations a minute, as the budget stands",
       [](const snapshot& s, const emit& out) {
         sections(s, out, [](const dps_figures& f) { return f.registrations.limit; });
       }},
      {"causeway_dps_registrations_ceiling", gauge, "section", "Registrations a minute, the quota",
       [](const snapshot& s, const emit& out) {
         sections(s, out, [](const dps_figures& f) { return f.registrations.ceiling; });
       }},
      {"causeway_dps_throttled_total", counter, "section", "Requests that DPS refused for their pace",
       [](const snapshot& s, const emit& out) {
         sections(s, out, [](const dps_figures& f) { return number(f.registrations.refusals); });
       }},
      {"causeway_dps_held_seconds", gauge, "section", "How long DPS has asked to wait, from now",
       [](const snapshot& s, const emit& out) {
         sections(s, out, [](const dps_figures& f) { return f.registrations.held_seconds; });
       }},
      {"causeway_dps_early_polls_total", counter, "section",
       "Polls that went out by `first_poll`, before Retry-After",
       [](const snapshot& s, const emit& out) {
         sections(s, out, [](const dps_figures& f) { return number(f.early_polls); });
       }},
      {"causeway_dps_early_polls_off_seconds", gauge, "section",
       "For how long none goes out early, because DPS has refused one; from now",
       [](const snapshot& s, const emit& out) {
         sections(s, out, [](const dps_figures& f) { return f.no_early_polls_seconds; });
       }},
      {"causeway_registry_devices", gauge, "application", "Devices in the last listing, or the one under way",
       [](const snapshot& s, const emit& out) {
         applications(s, out, [](const registry_figures& f) { return number(f.devices); });
       }},
      {"causeway_registry_whole", gauge, "application", "1 once a listing has come to its end",
       [](const snapshot& s, const emit& out) {
         applications(s, out, [](const registry_figures& f) { return f.whole ? 1.0 : 0.0; });
       }},
      {"causeway_registry_requests_total", counter, "application", "Requests to the registry",
       [](const snapshot& s, const emit& out) {
         applications(s, out, [](const registry_figures& f) { return number(f.requests); });
       }},
      {"causeway_registry_throttled_total", counter, "application",
       "Answers of the registry that asked to slow down",
       [](const snapshot& s, const emit& out) {
         applications(s, out, [](const registry_figures& f) { return number(f.throttled); });
       }},
      {"causeway_backfill_whole", gauge, "application", "1 while nothing is missing that is known of",
       [](const snapshot& s, const emit& out) {
         backfills(s, out, [](const backfill_figures& f) { return f.whole ? 1.0 : 0.0; });
       }},
      {"causeway_backfill_cursor_seconds", gauge, "application",
       "Unix time: nothing that the stack received before it is missing",
       [](const snapshot& s, const emit& out) {
         backfills(s, out, [](const backfill_figures& f) { return f.cursor_seconds; });
       }},
      {"causeway_backfill_requests_total", counter, "application", "Requests to the Storage Integration",
       [](const snapshot& s, const emit& out) {
         backfills(s, out, [](const backfill_figures& f) { return number(f.requests); });
       }},
      {"causeway_backfill_records_total", counter, "application", "Events that it has shown",
       [](const snapshot& s, const emit& out) {
         backfills(s, out, [](const backfill_figures& f) { return number(f.records); });
       }},
      {"causeway_backfill_stored_total", counter, "application", "Of these, events that had been missing",
       [](const snapshot& s, const emit& out) {
         backfills(s, out, [](const backfill_figures& f) { return number(f.stored); });
       }},
      {"causeway_transform_events_total", counter, "application", "Events that the transform has answered",
       [](const snapshot& s, const emit& out) {
         transforms(s, out, [](const transform_figures& f) { return number(f.events); });
       }},
      {"causeway_transform_messages_total", counter, "application", "Messages that came out of it",
       [](const snapshot& s, const emit& out) {
         transforms(s, out, [](const transform_figures& f) { return number(f.messages); });
       }},
      {"causeway_transform_refused_total", counter, "application",
       "Of these events, that ended with an error or at a limit",
       [](const snapshot& s, const emit& out) {
         transforms(s, out, [](const transform_figures& f) { return number(f.refused); });
       }},
      {"causeway_transform_ends_total", counter, "application",
       "Times that its process has ended, to be started again",
       [](const snapshot& s, const emit& out) {
         transforms(s, out, [](const transform_figures& f) { return number(f.ends); });
       }},
      {"causeway_transform_waiting", gauge, "application", "Events that wait for it, or are with it",
       [](const snapshot& s, const emit& out) {
         transforms(s, out, [](const transform_figures& f) { return number(f.waiting); });
       }},
      {"causeway_transform_running", gauge, "application", "1 while its process takes events",
       [](const snapshot& s, const emit& out) {
         transforms(s, out, [](const transform_figures& f) { return f.running ? 1.0 : 0.0; });
       }},
      {"causeway_timeline_spans_total", counter, "", "Phases noted in the timeline",
       [](const snapshot& s, const emit& out) { out({}, number(s.timeline.noted)); }},
      {"causeway_timeline_spans_kept", gauge, "", "Phases that the timeline still has",
       [](const snapshot& s, const emit& out) { out({}, number(s.timeline.kept)); }},
      {"causeway_export_spans_total", counter, "exporter", "Spans handed over",
       [](const snapshot& s, const emit& out) {
         exporters(s, out, [](const exporter_figures& f) { return number(f.exported); });
       }},
      {"causeway_export_spans_lost_total", counter, "exporter",
       "Spans overwritten before they could be handed over",
       [](const snapshot& s, const emit& out) {
         exporters(s, out, [](const exporter_figures& f) { return number(f.lost); });
       }},
      {"causeway_export_spans_dropped_total", counter, "exporter", "Spans that were refused for good",
       [](const snapshot& s, const emit& out) {
         exporters(s, out, [](const exporter_figures& f) { return number(f.dropped); });
       }},
      {"causeway_export_requests_total", counter, "exporter", "Requests with spans",
       [](const snapshot& s, const emit& out) {
         exporters(s, out, [](const exporter_figures& f) { return number(f.requests); });
       }},
      {"causeway_export_faults_total", counter, "exporter", "Of these, that did not succeed",
       [](const snapshot& s, const emit& out) {
         exporters(s, out, [](const exporter_figures& f) { return number(f.faults); });
       }},
      {"causeway_loop_lag_seconds", gauge, "", "The longest that work waited on the loop in the last second",
       [](const snapshot& s, const emit& out) { out({}, s.loop_lag_seconds); }},
      {"causeway_certificate_end_seconds", gauge, "certificate",
       "When a certificate ends, its chain included, Unix time",
       [](const snapshot& s, const emit& out) {
         for (const auto& [name, end] : s.certificate_ends)
           out({{"certificate", name}}, end);
       }},
      {"causeway_start_time_seconds", gauge, "", "When the gateway started, Unix time",
       [](const snapshot& s, const emit& out) { out({}, s.start_seconds); }},
  };
  return all;
}

constexpr const char* latency_name = "causeway_delivery_latency_seconds";
constexpr const char* latency_help = "From the acceptance of an event to the hub's accept";

prometheus::MetricFamily latency_family(const model::shard_totals& totals) {
  prometheus::ClientMetric metric;
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < totals.latency.size(); ++i) {
    below += totals.latency[i];
    const bool last = i == model::latency_bounds_ms.size();
    metric.histogram.bucket.push_back(
        {below, last ? std::numeric_limits<double>::infinity() : model::latency_bounds_ms[i] / 1000.0});
  }
  metric.histogram.sample_count = below;
  metric.histogram.sample_sum = static_cast<double>(totals.latency_ms_sum) / 1000.0;
  prometheus::MetricFamily out;
  out.name = latency_name;
  out.help = latency_help;
  out.type = prometheus::MetricType::Histogram;
  out.metric.push_back(std::move(metric));
  return out;
}

} // namespace

std::string render_metrics(const snapshot& now) {
  std::vector<prometheus::MetricFamily> page;
  for (const auto& source : families()) {
    prometheus::MetricFamily target;
    target.name = source.name;
    target.help = source.help;
    target.type = source.type;
    source.samples(now, [&](labels names, double value) {
      prometheus::ClientMetric metric;
      for (auto& [name, text] : names)
        metric.label.push_back({std::move(name), std::move(text)});
      (source.type == counter ? metric.counter.value : metric.gauge.value) = value;
      target.metric.push_back(std::move(metric));
    });
    page.push_back(std::move(target));
  }
  page.push_back(latency_family(now.bridge));
  return prometheus::TextSerializer{}.Serialize(page);
}

std::string describe_metrics_markdown() {
  std::string out = "| Name | Type | Labels | Meaning |\n|---|---|---|---|\n";
  for (const auto& f : families()) {
    out += std::string{"| `"} + f.name + "` | " + (f.type == counter ? "counter" : "gauge") + " | " +
           (*f.label_names == '\0' ? "" : std::string{"`"} + f.label_names + "`") + " | " + f.help + " |\n";
  }
  return out + "| `" + latency_name + "` | histogram |  | " + latency_help + " |\n";
}

} // namespace causeway::watch
