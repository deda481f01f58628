// SPDX-License-Identifier: Apache-2.0
#include "emulator/control/control_hubs.h"

#include "azure/names.h"
#include "base/encoding.h"
#include "emulator/control/control_messages.h"
#include "emulator/control/control_reply.h"
#include "emulator/control/control_requests.h"

#include <algorithm>

namespace causeway::emulator {
namespace {

namespace json = boost::json;

constexpr std::string_view no_such_hub = "there is no hub of this number";

json::object to_json(const arrival_totals& totals) {
  return {{"accepted", totals.accepted},     {"unique", totals.unique},
          {"duplicates", totals.duplicates}, {"out_of_order", totals.out_of_order},
          {"without_id", totals.without_id}, {"duplicates_unrecognisable", totals.unrecognisable}};
}

json::object to_json(const std::vector<std::pair<std::string, std::string>>& texts) {
  json::object object;
  for (const auto& [key, value] : texts)
    object[key] = value;
  return object;
}

json::object to_json(const arrival& entry, const std::string& hub) {
  json::object message{{"order", entry.order},         {"hub", hub},
                       {"device", entry.device.str()}, {"time", format_rfc3339(entry.at)},
                       {"duplicate", entry.duplicate}, {"out_of_order", entry.out_of_order}};
  std::string digest(8, '\0');
  for (std::size_t i = 0; i < 8; ++i)
    digest[i] = static_cast<char>(static_cast<std::uint8_t>(entry.body_digest >> (8 * (7 - i))));
  message["digest"] = hex_encode(digest);
  if (entry.marker) message["uplink"] = *entry.marker;
  if (entry.whole == nullptr) return message;
  const auto& whole = *entry.whole;
  if (!whole.message_id.empty()) message["message_id"] = whole.message_id;
  if (!whole.correlation_id.empty()) message["correlation_id"] = whole.correlation_id;
  message["content_type"] = whole.content_type;
  message["content_encoding"] = whole.content_encoding;
  message["properties"] = to_json(whole.properties);
  if (!whole.annotations.empty()) message["annotations"] = to_json(whole.annotations);
  if (is_utf8(whole.body))
    message["body"] = whole.body;
  else
    message["body_base64"] = base64_encode(whole.body);
  return message;
}

// Since 1970-01-01 UTC.
json::value milliseconds_or_null(const std::optional<wall_time>& time) {
  if (!time) return nullptr;
  return std::chrono::duration_cast<std::chrono::milliseconds>(time->time_since_epoch()).count();
}

// Counters of one hub, or of several added up.
struct hub_figures {
  hub_totals totals;
  std::size_t identities = 0, open = 0, attached = 0, c2d_links = 0;
  downward_figures downward;

  void add(hub_service& hub) {
    downward.add(hub);
    totals += hub.totals();
    identities += hub.registry().size();
    open += hub.open_connections();
    attached += hub.attached();
    c2d_links += hub.c2d_links();
  }
  void write(json::object& into) const {
    into["identities"] = identities;
    into["connections"] = totals.connections;
    into["connections_open"] = open;
    into["connections_refused"] = totals.connections_refused;
    into["put_tokens"] = totals.put_tokens;
    into["put_tokens_refused"] = totals.put_tokens_refused;
    into["attaches"] = totals.attaches;
    into["attaches_refused"] = totals.attaches_refused;
    into["attached"] = attached;
    into["c2d_links"] = c2d_links;
    into["detaches"] = totals.detaches;
    into["link_conflicts"] = totals.link_conflicts;
    into["links_stolen"] = totals.links_stolen;
    into["messages_rejected"] = totals.messages_rejected;
    into["messages_released"] = totals.messages_released;
    into["messages_modified"] = totals.messages_modified;
    into["sends_over_quota"] = totals.sends_over_quota;
    into["sends_throttled"] = totals.sends_throttled;
    into["sends_shaped"] = totals.sends_shaped;
    into["connects"] = totals.connects;
    into["shaped_connects"] = totals.shaped_connects;
    into["throttled_connects"] = totals.throttled_connects;
    into["connects_in_busiest_second"] = totals.connects_in_busiest_second;
    into["first_attach_ms"] = milliseconds_or_null(totals.first_attach);
    into["last_attach_ms"] = milliseconds_or_null(totals.last_attach);
    downward.write(into);
  }
};

net::http_response show_arrivals(const controlled& emulator) {
  const auto& arrivals = *emulator.accepted;
  auto summary = to_json(arrivals.totals());
  summary["devices"] = arrivals.devices();
  hub_figures all;
  json::array by_hub;
  for (auto* hub : emulator.hubs) {
    all.add(*hub);
    hub_figures own;
    own.add(*hub);
    auto figures = to_json(arrivals.totals_of_hub(hub->index()));
    figures["hub"] = emulator.made->hub_host(hub->index());
    own.write(figures);
    figures["latency"] = quantiles(arrivals.latency_of_hub(hub->index()));
    by_hub.push_back(std::move(figures));
  }
  all.write(summary);
  summary["latency"] = quantiles(arrivals.latency());
  summary["by_hub"] = std::move(by_hub);
  return reply(summary);
}

// By its property of that name.
bool is_of_event(const arrival& entry, const std::string& event) {
  if (entry.whole == nullptr) return false;
  const auto& properties = entry.whole->properties;
  return std::any_of(properties.begin(), properties.end(),
                     [&](const auto& one) { return one.first == "event" && one.second == event; });
}

net::http_response show_messages(const controlled& emulator, const net::http_request& request) {
  const auto& arrivals = *emulator.accepted;
  std::optional<identity> device;
  if (auto name = query_value(request, "device"); !name.empty()) device = identity{std::move(name)};
  const auto limit = std::min<std::uint64_t>(query_number(request, "limit").value_or(100), 10'000);
  const auto event = query_value(request, "event");
  json::array messages;
  std::uint64_t last = 0, not_whole = 0;
  const auto add = [&](const arrival& entry) {
    last = entry.order;
    if (entry.whole == nullptr) ++not_whole;
    if (!event.empty() && !is_of_event(entry, event)) return;
    messages.push_back(to_json(entry, emulator.made->hub_host(entry.hub)));
  };
  if (const auto after = query_number(request, "after"))
    arrivals.visit(device, *after, static_cast<std::size_t>(limit), add);
  else
    arrivals.visit_newest(device, static_cast<std::size_t>(limit), add);
  return reply(json::object{{"messages", std::move(messages)}, {"last", last}, {"not_whole", not_whole}});
}

net::http_response show_arrived_devices(const controlled& emulator) {
  json::object devices;
  emulator.accepted->visit_devices(
      [&](const identity& device, const arrival_totals& totals) { devices[device.str()] = to_json(totals); });
  return reply(json::object{{"devices", std::move(devices)}});
}

net::http_response show_arrived_uplinks(const controlled& emulator) {
  json::object devices;
  emulator.accepted->visit_markers([&](const identity& device, const arrivals::marker_ranges& ranges) {
    auto& list = devices[device.str()].emplace_array();
    for (const auto& [first, last] : ranges)
      list.push_back({first, last});
  });
  json::object late;
  emulator.accepted->visit_late([&](const identity& device, const std::vector<std::uint64_t>& markers) {
    late[device.str()] = json::value_from(markers);
  });
  return reply(json::object{{"devices", std::move(devices)}, {"out_of_order", std::move(late)}});
}

// The hubs that the query's `hub` names: all without it; none when there is no such hub.
std::vector<hub_service*> asked_hubs(const controlled& emulator, const net::http_request& request) {
  if (query_value(request, "hub").empty()) return emulator.hubs;
  const auto index = query_number(request, "hub");
  if (!index || *index >= emulator.hubs.size()) return {};
  return {emulator.hubs[static_cast<std::size_t>(*index)]};
}

json::object identity_json(const identity& id, const hub_identity& found, std::size_t hub) {
  return {{"device", id.str()},
          {"hub", hub},
          {"status", found.enabled ? "enabled" : "disabled"},
          {"generation", std::to_string(found.generation)},
          {"primary_key", found.keys.primary.base64().reveal()},
          {"secondary_key", found.keys.secondary.base64().reveal()}};
}

net::http_response put_device(const controlled& emulator, const net::http_request& request,
                              std::vector<hub_service*> hubs, bool known, const identity& id) {
  if (!azure::is_valid_identity(id.str())) return refuse(400, "IoT Hub does not allow this name");
  if (!known) hubs.resize(1); // a new identity has one home
  for (auto* hub : hubs) {
    auto& registry = hub->registry();
    const auto* found = registry.find(id);
    if (known && found == nullptr) continue;
    auto change = parse_identity_change(request.body);
    if (!change) return refuse(400, change.fault().detail());
    const auto enabled = change->enabled.value_or(found == nullptr || found->enabled);
    auto keys = change->keys       ? std::move(*change->keys)
                : found != nullptr ? found->keys.clone()
                                   : derive_keys(emulator.dps->group_keys(), id.str());
    registry.put(id, std::move(keys), enabled);
    hub->review(id, emulator.on->now());
  }
  const auto home =
      std::find_if(hubs.begin(), hubs.end(), [&](auto* hub) { return hub->registry().find(id) != nullptr; });
  return reply(identity_json(id, *(*home)->registry().find(id), (*home)->index()), known ? 200 : 201);
}

net::http_response handle_device(const controlled& emulator, const net::http_request& request,
                                 const identity& id) {
  const auto hubs = asked_hubs(emulator, request);
  if (hubs.empty()) return refuse(404, no_such_hub);
  const auto home =
      std::find_if(hubs.begin(), hubs.end(), [&](auto* hub) { return hub->registry().find(id) != nullptr; });
  if (request.method == "PUT") return put_device(emulator, request, hubs, home != hubs.end(), id);
  if (request.method != "GET" && request.method != "DELETE") return refuse(405, "GET, PUT or DELETE");
  if (home == hubs.end()) return refuse(404, "no such identity");
  if (request.method == "GET")
    return reply(identity_json(id, *(*home)->registry().find(id), (*home)->index()));
  for (auto* hub : hubs)
    if (hub->registry().remove(id)) hub->review(id, emulator.on->now());
  return reply(json::object{{"removed", id.str()}});
}

net::http_response list_devices(const controlled& emulator, const net::http_request& request) {
  const auto limit = static_cast<std::size_t>(
      std::min<std::uint64_t>(query_number(request, "limit").value_or(1000), 100'000));
  const auto hubs = asked_hubs(emulator, request);
  if (hubs.empty()) return refuse(404, no_such_hub);
  std::size_t identities = 0;
  std::vector<identity> names;
  for (auto* hub : hubs) {
    identities += hub->registry().size();
    const auto some = hub->registry().list(query_value(request, "after"), limit);
    names.insert(names.end(), some.begin(), some.end());
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  if (names.size() > limit) names.resize(limit);
  json::array devices;
  for (const auto& name : names)
    devices.push_back(json::string{name.str()});
  return reply(json::object{{"identities", identities}, {"devices", std::move(devices)}});
}

json::object quota_json(hub_service& hub, moment now, const installation& made) {
  const auto time = hub.time_at(now);
  auto& meter = hub.meter();
  json::object object{{"hub", made.hub_host(hub.index())},
                      {"used", meter.used(time)},
                      {"piece_bytes", meter.options().piece_bytes},
                      {"ends", format_rfc3339(daily_meter::end_of_day(time))}};
  if (const auto limit = meter.options().limit)
    object["limit"] = *limit;
  else
    object["limit"] = nullptr;
  return object;
}

json::object policy_json(const std::string& name, const key_pair& keys) {
  return {{"policy", name},
          {"primary_key", keys.primary.base64().reveal()},
          {"secondary_key", keys.secondary.base64().reveal()}};
}

} // namespace

// A new key counts for tokens that are put from then on; what the old one has opened stays open, unless
// expire_tokens takes it back.
net::http_response answer_policies_control(const controlled& emulator, const net::http_request& request) {
  const auto hubs = asked_hubs(emulator, request);
  if (hubs.empty()) return refuse(404, no_such_hub);
  const auto path = request.path();
  const auto name = percent_decode(path.substr(path.rfind('/') + 1));
  if (hubs.front()->registry().find_policy(name) == nullptr) return refuse(404, "no such policy");
  if (request.method == "PUT") {
    for (auto* hub : hubs) {
      auto change = parse_identity_change(request.body);
      if (!change) return refuse(400, change.fault().detail());
      if (!change->keys) return refuse(400, "primary_key is missing");
      const auto* known = hub->registry().find_policy(name);
      if (known == nullptr) continue;
      hub_policy changed{std::move(*change->keys), known->device_connect, known->service_connect,
                         known->registry_read, known->registry_write};
      hub->registry().put_policy(name, std::move(changed));
    }
  } else if (request.method != "GET") {
    return refuse(405, "GET or PUT");
  }
  return reply(policy_json(name, hubs.front()->registry().find_policy(name)->keys));
}

net::http_response answer_quota_control(const controlled& emulator, const net::http_request& request) {
  const auto hubs = asked_hubs(emulator, request);
  if (hubs.empty()) return refuse(404, no_such_hub);
  const auto now = emulator.on->now();
  if (request.method == "PUT") {
    const auto change = parse_quota_change(request.body);
    if (!change) return refuse(400, change.fault().detail());
    for (auto* hub : hubs) {
      if (change->has_limit) hub->meter().set_limit(change->limit);
      if (change->used) hub->meter().set_used(*change->used, hub->time_at(now));
    }
  } else if (request.method == "DELETE") {
    for (auto* hub : hubs)
      hub->meter().set_used(0, hub->time_at(now));
  } else if (request.method != "GET") {
    return refuse(405, "GET, PUT or DELETE");
  }
  json::array shown;
  for (auto* hub : hubs)
    shown.push_back(quota_json(*hub, now, *emulator.made));
  return reply(json::object{{"hubs", std::move(shown)}});
}

json::value quantiles(const histogram& durations) {
  return json::object{{"p50_ms", durations.quantile_ms(0.5)},
                      {"p99_ms", durations.quantile_ms(0.99)},
                      {"max_ms", durations.quantile_ms(1.0)},
                      {"count", durations.count()}};
}

net::http_response answer_arrivals_control(const controlled& emulator, const net::http_request& request) {
  const auto path = request.path();
  const bool get = request.method == "GET";
  if (path == "/ledger" && get) return show_arrivals(emulator);
  if (path == "/ledger" && request.method == "DELETE") {
    emulator.accepted->clear();
    for (auto* hub : emulator.hubs)
      hub->reset_connects();
    return reply(json::object{{"accepted", 0}});
  }
  if (path == "/ledger/latency" && request.method == "DELETE") {
    emulator.accepted->clear_latency();
    return reply(json::object{{"count", 0}});
  }
  if (path == "/ledger/messages" && get) return show_messages(emulator, request);
  if (path == "/ledger/uplinks" && get) return show_arrived_uplinks(emulator);
  if (path == "/ledger/devices" && get) return show_arrived_devices(emulator);
  return refuse(404, "there is nothing at this path for this method");
}

net::http_response answer_devices_control(const controlled& emulator, const net::http_request& request) {
  const auto path = request.path();
  constexpr std::string_view devices = "/devices/";
  if (path == "/devices" && request.method == "GET") return list_devices(emulator, request);
  if (path.starts_with(devices) && path.size() > devices.size())
    return handle_device(emulator, request, identity{percent_decode(path.substr(devices.size()))});
  return refuse(404, "there is nothing at this path for this method");
}

} // namespace causeway::emulator
