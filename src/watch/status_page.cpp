// SPDX-License-Identifier: Apache-2.0
#include "watch/status_page.h"

#include <algorithm>
#include <cmath>

namespace causeway::watch {
namespace {

namespace json = boost::json;

std::uint64_t in_state(const snapshot& now, model::device_state state) {
  return now.bridge.devices[static_cast<std::size_t>(state)];
}

// To so many parts of one: division gives the number that is written shortest.
double rounded(double value, double parts) {
  return std::round(value * parts) / parts;
}

json::object budget_json(const budget_figures& from) {
  return {{"limit", rounded(from.limit, 100)},
          {"quota", from.ceiling},
          {"refused", from.refusals},
          {"held_seconds", rounded(from.held_seconds, 100)}};
}

json::value fault_json(const std::string& name, const std::string& detail) {
  if (name.empty()) return nullptr;
  return json::object{{"error", name}, {"detail", detail}};
}

json::object hub_json(const std::string& host, const hub_figures& from) {
  return {{"host", host},
          {"devices", from.devices},
          {"online", from.attached},
          {"queued", from.queued},
          {"connections", from.connections_open},
          {"connections_made", from.connections_made},
          {"connections_lost", from.connections_lost},
          {"connections_rotated", from.connections_rotated},
          {"connects", from.connects},
          {"connects_a_second", budget_json(from.connect_budget)},
          {"sends_a_second", budget_json(from.send_budget)},
          {"sends_waiting", from.sends_waiting},
          {"quota_used_up", from.quota_used_up},
          {"tokens_put", from.tokens_put},
          {"fault", fault_json(from.last_fault, from.last_fault_detail)}};
}

json::object dps_json(const std::string& section, const dps_figures& from) {
  return {{"section", section},
          {"in_progress", from.in_progress},
          {"waiting", from.waiting},
          {"assigned", from.assigned},
          {"refused", from.refused},
          {"requests", from.requests},
          {"registrations_a_minute", budget_json(from.registrations)},
          {"early_polls", from.early_polls},
          {"no_early_polls_seconds", rounded(from.no_early_polls_seconds, 1)},
          {"fault", fault_json(from.last_fault, {})}};
}

json::object registry_json(const std::string& application, const registry_figures& from) {
  return {{"application", application},  {"whole", from.whole},
          {"devices", from.devices},     {"requests", from.requests},
          {"throttled", from.throttled}, {"fault", fault_json(from.last_fault, from.last_fault_detail)}};
}

json::object backfill_json(const std::string& application, const backfill_figures& from) {
  return {{"application", application},
          {"whole", from.whole},
          {"cursor",
           format_rfc3339(wall_time{milliseconds{static_cast<std::int64_t>(from.cursor_seconds * 1000)}})},
          {"requests", from.requests},
          {"records", from.records},
          {"stored", from.stored},
          {"fault", fault_json(from.last_fault, from.last_fault_detail)}};
}

json::object dropped_json(const model::shard_totals& from) {
  json::object out;
  for (const auto why : {model::drop_reason::full, model::drop_reason::share, model::drop_reason::age})
    out[std::string{model::to_string(why)}] = from.dropped[static_cast<std::size_t>(why)];
  return out;
}

json::array uses_json(const spool_figures& from) {
  json::array out;
  for (const auto& use : from.applications)
    out.push_back(json::object{{"application", use.application.str()},
                               {"messages", use.waiting.messages},
                               {"bytes", use.waiting.bytes},
                               {"dead_letters", use.letters.messages},
                               {"dead_letter_bytes", use.letters.bytes},
                               {"refused", use.refused},
                               {"dropped", use.dropped}});
  return out;
}

std::uint64_t sum_of(const std::map<std::string, std::uint64_t>& counts) {
  std::uint64_t sum = 0;
  for (const auto& [name, count] : counts)
    sum += count;
  return sum;
}

json::object mqtt_json(const std::string& application, const mqtt_figures& from) {
  return {{"application", application},
          {"connected", from.connected},
          {"since_seconds", rounded(from.since_seconds, 1'000)},
          {"away_seconds", rounded(from.away_seconds, 1'000)},
          {"connects", from.connects},
          {"connections_lost", from.losses},
          {"connects_refused", from.refusals},
          {"connack", from.connack ? json::value(*from.connack) : json::value(nullptr)},
          {"messages", from.messages},
          {"waiting", from.waiting},
          {"refused", sum_of(from.refused)},
          {"lost", sum_of(from.lost)},
          {"fault", fault_json(from.last_fault, from.last_fault_detail)}};
}

json::object exporter_json(const std::string& name, const exporter_figures& from) {
  return {{"name", name},
          {"exported", from.exported},
          {"lost", from.lost},
          {"dropped", from.dropped},
          {"requests", from.requests},
          {"faults", from.faults},
          {"fault", fault_json(from.last_fault, from.last_fault_detail)}};
}

template <class Figures, class Make>
json::array all_of(const std::map<std::string, Figures>& from, const Make& make) {
  json::array out;
  for (const auto& [name, figures] : from)
    out.push_back(make(name, figures));
  return out;
}

} // namespace

std::optional<double> predict_seconds(const snapshot& now) {
  const auto on_the_way =
      in_state(now, model::device_state::provisioning) + in_state(now, model::device_state::attaching);
  if (on_the_way == 0) return 0;
  double longest = 0;
  bool moving = false;
  for (const auto& [section, dps] : now.dps) {
    if (dps.in_progress == 0) continue;
    if (dps.registrations.limit <= 0 || !dps.last_fault.empty()) return std::nullopt;
    moving = true;
    longest = std::max(longest, dps.registrations.held_seconds +
                                    static_cast<double>(dps.waiting) * 60 / dps.registrations.limit +
                                    dps_pause_seconds + way_seconds);
  }
  for (const auto& [host, hub] : now.hubs) {
    if (hub.devices <= hub.attached) continue;
    if (hub.connections_open == 0 && !hub.last_fault.empty()) return std::nullopt;
    if (hub.connect_budget.limit <= 0) return std::nullopt;
    moving = true;
    longest =
        std::max(longest, hub.connect_budget.held_seconds +
                              static_cast<double>(hub.devices - hub.attached) / hub.connect_budget.limit +
                              way_seconds);
  }
  if (!moving) return std::nullopt;
  return longest;
}

json::object status_json(const snapshot& now, std::string_view version, wall_time at) {
  json::object states;
  std::uint64_t devices = 0;
  for (std::size_t i = 0; i < model::device_states; ++i) {
    states[std::string{model::to_string(static_cast<model::device_state>(i))}] = now.bridge.devices[i];
    devices += now.bridge.devices[i];
  }
  const auto seconds = predict_seconds(now);
  json::object out;
  out["version"] = version;
  out["ready"] = now.ready;
  if (!now.ready) out["not_ready_because"] = now.not_ready_because;
  const auto at_seconds = std::chrono::duration<double>(at.time_since_epoch()).count();
  out["uptime_seconds"] = rounded(std::max(0.0, at_seconds - now.start_seconds), 1'000);
  out["devices"] = devices;
  out["devices_by_state"] = std::move(states);
  out["seconds_to_all_online"] = seconds ? json::value(rounded(*seconds, 100)) : json::value(nullptr);
  out["hubs"] = all_of(now.hubs, hub_json);
  out["dps"] = all_of(now.dps, dps_json);
  out["registry"] = all_of(now.registry, registry_json);
  out["backfill"] = all_of(now.backfill, backfill_json);
  const auto& oldest = now.spool.oldest_seconds;
  out["mqtt"] = all_of(now.mqtt, mqtt_json);
  out["spool"] = json::object{{"messages", now.store.messages},
                              {"bytes", now.store.bytes},
                              {"oldest_seconds", oldest ? json::value(*oldest) : json::value(nullptr)},
                              {"dropped", dropped_json(now.bridge)},
                              {"applications", uses_json(now.spool)},
                              {"dead_letters", now.store.dead_letters_kept},
                              {"missing", now.store.missing},
                              {"missing_unknown", now.store.missing_unknown},
                              {"unreadable", now.store.unreadable},
                              {"last_commit_ms", rounded(now.store.last_commit_seconds * 1'000, 1'000)}};
  out["messages"] = json::object{{"sent", now.bridge.sent},
                                 {"resent", now.bridge.resent},
                                 {"dead_lettered", now.bridge.dead_lettered},
                                 {"waiting", now.bridge.waiting_messages},
                                 {"stored_a_second", rounded(now.rates.stored, 10)},
                                 {"sent_a_second", rounded(now.rates.sent, 10)}};
  out["timeline"] = json::object{{"noted", now.timeline.noted}, {"kept", now.timeline.kept}};
  out["exporters"] = all_of(now.exporters, exporter_json);
  out["loop_lag_ms"] = rounded(now.loop_lag_seconds * 1'000, 1'000);
  return out;
}

} // namespace causeway::watch
