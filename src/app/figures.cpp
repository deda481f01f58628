// SPDX-License-Identifier: Apache-2.0
// What the gateway shows of itself.
#include "app/gateway_parts.h"
#include "watch/api.h"

namespace causeway::app {
namespace {

watch::hub_figures figures_of(const cloud::hub_totals& from) {
  watch::hub_figures to;
  to.connections_open = from.connections_open;
  to.connections_made = from.connections_made;
  to.connections_lost = from.connections_lost;
  to.connections_rotated = from.connections_rotated;
  to.tokens_put = from.tokens_put;
  to.devices = from.devices;
  to.attached = from.attached;
  to.queued = from.queued;
  to.connects = from.connects;
  to.sends_waiting = from.sends_waiting;
  to.connect_budget = {from.connects_limit, from.connects_ceiling, from.connects_refused, from.connects_held};
  to.send_budget = {from.sends_limit, from.sends_ceiling, from.sends_refused, from.sends_held};
  to.quota_used_up = from.quota_used_up;
  if (from.last_fault) {
    to.last_fault = from.last_fault->name();
    to.last_fault_detail = from.last_fault->detail();
  }
  return to;
}

watch::dps_figures figures_of(const cloud::dps_totals& from) {
  watch::dps_figures to;
  to.requests = from.requests;
  to.assigned = from.assigned;
  to.refused = from.refused;
  to.in_progress = from.in_progress;
  to.waiting = from.waiting;
  to.registrations = {from.limit, from.ceiling, from.throttled,
                      std::chrono::duration<double>(from.held_for).count()};
  to.early_polls = from.early_polls;
  to.no_early_polls_seconds = std::chrono::duration<double>(from.no_early_polls_for).count();
  if (from.unreachable) to.last_fault = describe(*from.unreachable).name;
  return to;
}

watch::registry_figures figures_of(const stack::registry_totals& from) {
  watch::registry_figures to;
  to.whole = from.complete;
  to.devices = from.listed;
  to.requests = from.requests;
  to.throttled = from.throttled;
  if (from.last_error) {
    to.last_fault = from.last_error->name();
    to.last_fault_detail = from.last_error->detail();
  }
  return to;
}

watch::transform_figures figures_of(const transform::transform_totals& from) {
  return {from.events, from.outputs, from.refused, from.ends, from.waiting, from.running};
}

watch::store_figures figures_of(const store::store_counters& from) {
  watch::store_figures to;
  to.commits = from.commits_total;
  to.commit_faults = from.commits_failed_total;
  to.appended = from.appended_total;
  to.done = from.erased_total;
  to.dead_letters = from.dead_letters_total;
  to.fsyncs = from.fsyncs_total;
  to.file_bytes = from.file_bytes;
  to.free_bytes = from.free_bytes;
  to.dead_letters_kept = from.dead_letters.messages;
  to.messages = from.waiting.messages;
  to.bytes = from.waiting.bytes;
  to.queued = from.queued_messages;
  to.missing = from.missing;
  to.missing_unknown = from.missing_unknown;
  to.unreadable = from.unreadable_total;
  to.last_commit_seconds = std::chrono::duration<double>(from.last_commit).count();
  return to;
}

watch::backfill_figures figures_of(const stack::backfill_totals& from) {
  watch::backfill_figures to;
  to.whole = from.whole;
  to.cursor_seconds = std::chrono::duration<double>(from.cursor.time_since_epoch()).count();
  to.requests = from.requests;
  to.records = from.records;
  to.stored = from.stored;
  if (from.last_error) {
    to.last_fault = from.last_error->name();
    to.last_fault_detail = from.last_error->detail();
  }
  return to;
}

watch::exporter_figures figures_of(const watch::exporter_totals& from) {
  watch::exporter_figures to;
  to.exported = from.exported;
  to.lost = from.lost;
  to.dropped = from.dropped;
  to.requests = from.requests;
  to.faults = from.faults;
  if (from.last_fault) {
    to.last_fault = from.last_fault->name();
    to.last_fault_detail = from.last_fault->detail();
  }
  return to;
}

watch::mqtt_figures figures_of(const stack::mqtt_totals& from) {
  watch::mqtt_figures to;
  const auto& line = from.line;
  to.connected = line.connected;
  to.since_seconds = std::chrono::duration<double>(line.lasts).count();
  to.connects = line.connects;
  to.losses = line.losses;
  to.refusals = line.refusals;
  to.away_seconds = std::chrono::duration<double>(line.away).count();
  to.connack = line.connack;
  if (line.fault) {
    to.last_fault = line.fault->name();
    to.last_fault_detail = line.fault->detail();
  }
  to.messages = from.messages;
  to.waiting = from.waiting;
  for (std::size_t i = 0; i < from.answered.size(); ++i)
    to.answered[std::string{model::to_string(static_cast<model::answer>(i))}] = from.answered[i];
  for (const auto& [code, count] : from.refused)
    to.refused[std::string{describe(code).name}] = count;
  for (std::size_t i = 0; i < from.lost.size(); ++i)
    to.lost[std::string{model::to_string(static_cast<model::mqtt_loss>(i))}] = from.lost[i];
  return to;
}

} // namespace

watch::snapshot gateway::parts::figures() const {
  watch::snapshot out;
  out.bridge = bridge->totals();
  for (const auto& one : clocks.readings(loop.now()))
    out.clock_skews[one.service] = -std::chrono::duration<double>(one.ahead).count();
  for (const auto& [host, totals] : hubs.totals())
    out.hubs[host] = figures_of(totals);
  for (const auto& [section, totals] : provisioning.totals())
    out.dps[section] = figures_of(totals);
  for (const auto& [application, totals] : registry.totals())
    out.registry[application.str()] = figures_of(totals);
  for (const auto& [application, totals] : backfill->totals())
    out.backfill[application.str()] = figures_of(totals);
  for (const auto& [application, totals] : transforms.totals())
    out.transforms[application.str()] = figures_of(totals);
  out.store = figures_of(store->counters());
  out.spool.applications = bridge->spool_by_application();
  if (const auto age = bridge->oldest_age(loop.now()))
    out.spool.oldest_seconds = std::chrono::duration<double>(*age).count();
  out.rates = {stored_rate.a_second(), sent_rate.a_second()};
  out.timeline = {spans.noted(), spans.noted() - spans.first_kept()};
  for (const auto& one : exporters)
    out.exporters[one->name()] = figures_of(one->totals());
  if (mqtt)
    for (const auto& [application, totals] : mqtt->totals())
      out.mqtt[application.str()] = figures_of(totals);
  const auto http2 = webhook_server->http2_connections();
  out.webhook_connections = {{"1.1", webhook_server->connections() - http2}, {"2", http2}};
  out.webhook_held_bytes = webhook_server->held_bytes();
  out.webhook_connections_refused = webhook_server->refused();
  const auto& refused = webhook_server->counts();
  out.webhook_streams_refused = {{"limit", refused.streams_over_limit},
                                 {"budget", refused.streams_over_budget}};
  out.webhook_connections_ended = {{"protocol", refused.ended_by_protocol},
                                   {"flood", refused.ended_by_flood},
                                   {"budget", refused.ended_by_budget}};
  out.webhook_by_status = webhook->totals().by_status;
  out.webhook_needless_paths = webhook->totals().needless_paths;
  for (const auto& [code, count] : webhook->totals().refused)
    out.webhook_refused[std::string{describe(code).name}] = count;
  out.loop_lag_seconds = std::chrono::duration<double>(lag).count();
  if (webhook_certificate)
    out.certificate_ends["webhook"] =
        std::chrono::duration<double>(webhook_certificate->facts().ends.time_since_epoch()).count();
  out.start_seconds = std::chrono::duration<double>(started.time_since_epoch()).count();
  const auto why_not = why_not_ready();
  out.ready = !why_not;
  out.not_ready_because = why_not.value_or("");
  return out;
}

std::optional<model::device_key> gateway::parts::key_of(device_ref ref) const {
  const auto& table = bridge->devices();
  if (!table.contains(ref)) return std::nullopt;
  const auto& d = table.at(ref);
  return model::device_key{frame.applications[d.application].id, device_id{std::string{d.name()}}};
}

std::optional<watch::traced_device> gateway::parts::trace(device_ref ref) const {
  auto key = key_of(ref);
  if (!key) return std::nullopt;
  const auto of = bridge->status(*key);
  if (!of) return std::nullopt;
  return watch::traced_device{std::move(*key), of->identity, of->hub};
}

result<application_id> gateway::parts::owner_of(const device_id& id) const {
  auto found = watch::find_device(*this, "-", id.str());
  if (!found) return std::move(found).fault();
  return found->key.application;
}

std::vector<application_id> gateway::parts::applications() const {
  std::vector<application_id> all;
  for (const auto& one : frame.applications)
    all.push_back(one.id);
  return all;
}

} // namespace causeway::app
