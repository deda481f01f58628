// SPDX-License-Identifier: Apache-2.0
#include "emulator/control_api.h"

#include "azure/names.h"
#include "base/encoding.h"
#include "emulator/control_requests.h"

#include <boost/json.hpp>

#include <charconv>

namespace causeway::emulator {
namespace {

namespace json = boost::json;

net::http_response answer(const json::value& body, int status = 200) {
  net::http_response response;
  response.status = status;
  response.body = json::serialize(body) + "\n";
  return response;
}

net::http_response refuse(int status, std::string_view what) {
  return answer(json::object{{"error", what}}, status);
}

std::string query_value(const net::http_request& request, std::string_view name) {
  auto rest = request.query();
  while (!rest.empty()) {
    const auto end = rest.find('&');
    const auto part = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    const auto equals = part.find('=');
    if (equals != std::string_view::npos && part.substr(0, equals) == name)
      return percent_decode(part.substr(equals + 1));
  }
  return {};
}

std::optional<std::uint64_t> query_number(const net::http_request& request, std::string_view name) {
  const auto text = query_value(request, name);
  std::uint64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

json::object to_json(const ledger_totals& totals) {
  return {{"accepted", totals.accepted},
          {"unique", totals.unique},
          {"duplicates", totals.duplicates},
          {"out_of_order", totals.out_of_order},
          {"without_id", totals.without_id}};
}

json::object to_json(const std::vector<std::pair<std::string, std::string>>& texts) {
  json::object object;
  for (const auto& [key, value] : texts)
    object[key] = value;
  return object;
}

json::object to_json(const ledger_entry& entry, const std::string& hub) {
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

json::value quantiles(const histogram& h) {
  return json::object{{"p50_ms", h.quantile_ms(0.5)},
                      {"p99_ms", h.quantile_ms(0.99)},
                      {"max_ms", h.quantile_ms(1.0)},
                      {"count", h.count()}};
}

net::http_response show_ledger(const controlled& emulator) {
  auto& hub = *emulator.hub;
  auto summary = to_json(hub.ledger().totals());
  summary["devices"] = hub.ledger().devices();
  summary["identities"] = hub.registry().size();
  const auto& totals = hub.totals();
  summary["connections"] = totals.connections;
  summary["connections_open"] = hub.open_connections();
  summary["connections_refused"] = totals.connections_refused;
  summary["put_tokens"] = totals.put_tokens;
  summary["put_tokens_refused"] = totals.put_tokens_refused;
  summary["attaches"] = totals.attaches;
  summary["attaches_refused"] = totals.attaches_refused;
  summary["attached"] = hub.attached();
  summary["detaches"] = totals.detaches;
  summary["messages_rejected"] = totals.messages_rejected;
  summary["latency"] = quantiles(hub.ledger().latency());
  return answer(summary);
}

net::http_response show_messages(const controlled& emulator, const net::http_request& request) {
  const auto& ledger = emulator.hub->ledger();
  std::optional<identity> device;
  if (auto name = query_value(request, "device"); !name.empty()) device = identity{std::move(name)};
  const auto limit = std::min<std::uint64_t>(query_number(request, "limit").value_or(100), 10'000);
  json::array messages;
  const auto add = [&](const ledger_entry& entry) { messages.push_back(to_json(entry, ledger.hub())); };
  if (const auto after = query_number(request, "after"))
    ledger.visit(device, *after, static_cast<std::size_t>(limit), add);
  else
    ledger.visit_newest(device, static_cast<std::size_t>(limit), add);
  return answer(json::object{{"messages", std::move(messages)}});
}

net::http_response show_ledger_devices(const controlled& emulator) {
  json::object devices;
  emulator.hub->ledger().visit_devices(
      [&](const identity& device, const ledger_totals& totals) { devices[device.str()] = to_json(totals); });
  return answer(json::object{{"devices", std::move(devices)}});
}

net::http_response show_dps(const controlled& emulator, const net::http_request& request) {
  if (const auto id = query_value(request, "registration"); !id.empty()) {
    const auto counts = emulator.dps->counts_of(id);
    return answer(json::object{{"registration", id},
                               {"registrations", counts.registrations},
                               {"polls", counts.polls},
                               {"lookups", counts.lookups}});
  }
  const auto& totals = emulator.dps->totals();
  json::object answers;
  for (const auto& [status, count] : totals.answers)
    answers[std::to_string(status)] = count;
  return answer(json::object{{"registrations", totals.registrations},
                             {"polls", totals.polls},
                             {"lookups", totals.lookups},
                             {"requests", totals.registrations + totals.polls + totals.lookups},
                             {"records", emulator.dps->records()},
                             {"answers", std::move(answers)}});
}

json::object identity_json(const identity& id, const hub_identity& found) {
  return {{"device", id.str()},
          {"status", found.enabled ? "enabled" : "disabled"},
          {"generation", std::to_string(found.generation)},
          {"primary_key", found.keys.primary.base64().reveal()},
          {"secondary_key", found.keys.secondary.base64().reveal()}};
}

net::http_response handle_device(const controlled& emulator, const net::http_request& request,
                                 const identity& id) {
  auto& registry = emulator.hub->registry();
  const auto* found = registry.find(id);
  if (request.method == "GET")
    return found == nullptr ? refuse(404, "no such identity") : answer(identity_json(id, *found));
  if (request.method == "DELETE") {
    if (!registry.remove(id)) return refuse(404, "no such identity");
    emulator.hub->review(id);
    return answer(json::object{{"removed", id.str()}});
  }
  if (request.method != "PUT") return refuse(405, "GET, PUT or DELETE");
  if (!azure::is_valid_identity(id.str())) return refuse(400, "IoT Hub does not allow this name");
  auto change = parse_identity_change(request.body);
  if (!change) return refuse(400, change.fault().detail());
  auto enabled = change->enabled.value_or(found == nullptr || found->enabled);
  auto keys = change->keys       ? std::move(*change->keys)
              : found != nullptr ? found->keys.clone()
                                 : derive_keys(emulator.dps->group_keys(), id.str());
  registry.put(id, std::move(keys), enabled);
  emulator.hub->review(id);
  return answer(identity_json(id, *registry.find(id)), found == nullptr ? 201 : 200);
}

net::http_response list_devices(const controlled& emulator, const net::http_request& request) {
  const auto limit = std::min<std::uint64_t>(query_number(request, "limit").value_or(1000), 100'000);
  json::array devices;
  for (const auto& id :
       emulator.hub->registry().list(query_value(request, "after"), static_cast<std::size_t>(limit)))
    devices.push_back(json::string{id.str()});
  return answer(
      json::object{{"identities", emulator.hub->registry().size()}, {"devices", std::move(devices)}});
}

json::object fault_json(const fault& rule) {
  json::object object{{"id", rule.id}, {"kind", to_string(rule.kind)}, {"pattern", rule.pattern}};
  if (rule.status != 0) object["status"] = rule.status;
  if (rule.retry_after) object["retry_after"] = *rule.retry_after;
  if (!rule.condition.empty()) object["condition"] = rule.condition;
  if (!rule.description.empty()) object["description"] = rule.description;
  if (rule.remaining) object["remaining"] = *rule.remaining;
  return object;
}

net::http_response add_fault(const controlled& emulator, const std::string& body) {
  auto request = parse_fault(body);
  if (!request) return refuse(400, request.fault().detail());
  if (request->cut_connections) {
    const auto open = emulator.hub->open_connections();
    emulator.hub->cut_all();
    return answer(json::object{{"connections_cut", open}});
  }
  if (request->detach_device) {
    emulator.hub->detach(identity{*request->detach_device},
                         {request->rule.condition, request->rule.description});
    return answer(json::object{{"detached", *request->detach_device}});
  }
  const auto id = emulator.hub->faults().add(request->rule);
  if (id == 0) return refuse(409, "there are 1,000 faults already");
  return answer(json::object{{"id", id}}, 201);
}

net::http_response handle_faults(const controlled& emulator, const net::http_request& request) {
  auto& faults = emulator.hub->faults();
  if (request.method == "POST") return add_fault(emulator, request.body);
  if (request.method == "GET") {
    json::array rules;
    for (const auto& rule : faults.rules())
      rules.push_back(fault_json(rule));
    return answer(json::object{{"faults", std::move(rules)}});
  }
  if (request.method != "DELETE") return refuse(405, "GET, POST or DELETE");
  if (const auto id = query_number(request, "id")) {
    if (!faults.remove(*id)) return refuse(404, "no such fault");
  } else {
    faults.clear();
  }
  if (!faults.active(fault_kind::hub_hang)) emulator.hub->resume();
  return answer(json::object{{"faults", faults.rules().size()}});
}

net::http_response show_simulation(const controlled& emulator) {
  const auto* simulation = emulator.stack->current();
  if (simulation == nullptr) return answer(json::object{{"running", false}, {"sent", 0}});
  const auto& totals = simulation->totals();
  json::object refused;
  for (const auto& [reason, count] : totals.refused)
    refused[reason] = count;
  json::object missing;
  for (const auto& [device, markers] : simulation->missing_markers(100))
    missing[device] = json::value_from(markers);
  const auto until = emulator.stack->running() ? emulator.on->now().mono : simulation->last_answer();
  return answer(
      json::object{{"running", emulator.stack->running()},
                   {"devices", simulation->device_count()},
                   {"sent", totals.sent},
                   {"accepted", totals.accepted},
                   {"refused", totals.refused_total},
                   {"refused_by", std::move(refused)},
                   {"delivered", totals.delivered},
                   {"lost", simulation->missing()},
                   {"lost_uplinks", std::move(missing)},
                   {"duplicates", totals.duplicates},
                   {"out_of_order", totals.out_of_order},
                   {"seconds", std::chrono::duration<double>(until - simulation->started()).count()},
                   {"http", quantiles(simulation->http())},
                   {"end_to_end", quantiles(simulation->end_to_end())}});
}

net::http_response start_simulation(const controlled& emulator, const std::string& body) {
  auto request = parse_simulation(body, emulator.made->applications());
  if (!request) return refuse(400, request.fault().detail());
  if (emulator.stack->running()) return refuse(409, "a simulation is running already");
  if (auto started = emulator.stack->start(std::move(request->plan), request->ca_file); !started)
    return refuse(400, started.fault().message());
  auto shown = show_simulation(emulator);
  shown.status = 201;
  return shown;
}

net::task<net::http_response> serve(controlled emulator, net::http_request request) {
  co_return answer_control(emulator, request);
}

} // namespace

net::http_response answer_control(const controlled& emulator, const net::http_request& request) {
  const auto path = request.path();
  const bool get = request.method == "GET";
  if (path == "/healthz" && get) return answer(json::object{{"status", "ok"}});
  if (path == "/ledger" && get) return show_ledger(emulator);
  if (path == "/ledger" && request.method == "DELETE") {
    emulator.hub->ledger().clear();
    return answer(json::object{{"accepted", 0}});
  }
  if (path == "/ledger/messages" && get) return show_messages(emulator, request);
  if (path == "/ledger/devices" && get) return show_ledger_devices(emulator);
  if (path == "/dps" && get) return show_dps(emulator, request);
  if (path == "/dps" && request.method == "DELETE") {
    emulator.dps->reset_counters();
    return answer(json::object{{"registrations", 0}});
  }
  if (path == "/devices" && get) return list_devices(emulator, request);
  constexpr std::string_view devices = "/devices/";
  if (path.starts_with(devices) && path.size() > devices.size())
    return handle_device(emulator, request, identity{percent_decode(path.substr(devices.size()))});
  if (path == "/faults") return handle_faults(emulator, request);
  if (path == "/simulation" && get) return show_simulation(emulator);
  if (path == "/simulation" && request.method == "POST") return start_simulation(emulator, request.body);
  if (path == "/simulation/stop" && request.method == "POST") {
    emulator.stack->stop();
    return show_simulation(emulator);
  }
  return refuse(404, "there is nothing at this path for this method");
}

result<net::http_server> start_control_api(net::loop& on, net::task_group& tasks,
                                           const net::listen_address& address, controlled emulator) {
  net::http_limits limits;
  limits.max_body = 16U * 1024 * 1024; // a simulation may name its devices one by one
  return net::http_server::start(
      on, tasks, address, std::nullopt, limits,
      [emulator](net::http_request request) { return serve(emulator, std::move(request)); });
}

} // namespace causeway::emulator
