// SPDX-License-Identifier: Apache-2.0
#include "emulator/control/control_services.h"

#include "azure/names.h"
#include "base/encoding.h"
#include "emulator/control/control_reply.h"
#include "emulator/control/control_requests.h"

#include <array>

namespace causeway::emulator {
namespace {

namespace json = boost::json;

constexpr std::string_view nothing_here = "there is nothing at this path for this method";

std::int64_t unix_milliseconds(wall_time time) {
  return std::chrono::floor<milliseconds>(time.time_since_epoch()).count();
}

json::object by_status(const std::map<int, std::uint64_t>& answers) {
  json::object object;
  for (const auto& [status, count] : answers)
    object[std::to_string(status)] = count;
  return object;
}

net::http_response show_registration(const dps_service& dps, const std::string& id) {
  const auto view = dps.view_of(id);
  json::object shown{{"registration", id},
                     {"registrations", view.counts.registrations},
                     {"polls", view.counts.polls},
                     {"lookups", view.counts.lookups}};
  static constexpr std::array kinds{"register", "poll", "lookup"};
  json::array steps;
  for (const auto& step : view.steps)
    steps.push_back(json::object{{"what", kinds[static_cast<std::size_t>(step.what)]},
                                 {"status", step.status},
                                 {"at_ms", unix_milliseconds(step.at.wall)}});
  shown["steps"] = std::move(steps);
  if (!view.status.empty()) shown["status"] = view.status;
  if (!view.hub.empty()) shown["hub"] = view.hub;
  if (!view.device.empty()) shown["device"] = view.device;
  if (!view.model_id.empty()) shown["model_id"] = view.model_id;
  return reply(shown);
}

net::http_response show_dps(const controlled& emulator) {
  const auto& dps = *emulator.dps;
  const auto& totals = dps.totals();
  json::object shown{{"registrations", totals.registrations},
                     {"polls", totals.polls},
                     {"lookups", totals.lookups},
                     {"requests", totals.registrations + totals.polls + totals.lookups},
                     {"records", dps.records()},
                     {"records_without_model", dps.records_without_model()},
                     {"enrolments", dps.enrolments()},
                     {"group", dps.group_enabled() ? "enabled" : "disabled"},
                     {"answers", by_status(totals.answers)},
                     {"throttled", totals.throttled},
                     {"accepted_registrations", totals.accepted_registrations}};
  json::object by_hub;
  const auto assigned = dps.assigned_by_hub();
  for (std::size_t i = 0; i < assigned.size(); ++i)
    by_hub[emulator.made->hub_host(i)] = assigned[i];
  shown["assigned_by_hub"] = std::move(by_hub);
  json::array minutes;
  for (const auto count : totals.accepted_by_minute)
    minutes.emplace_back(count);
  shown["accepted_by_minute"] = std::move(minutes);
  if (totals.accepted_registrations > 0) {
    const auto& first = totals.first_accepted;
    const auto last =
        first.wall + std::chrono::duration_cast<wall_time::duration>(totals.last_accepted.mono - first.mono);
    shown["first_registration_ms"] = unix_milliseconds(first.wall);
    shown["last_registration_ms"] = unix_milliseconds(last);
  }
  return reply(shown);
}

net::http_response handle_enrolment(dps_service& dps, const net::http_request& request,
                                    const std::string& registration) {
  if (request.method == "DELETE") {
    if (!dps.remove_enrolment(registration)) return refuse(404, "no such enrolment");
    return reply(json::object{{"removed", registration}});
  }
  const auto* known = dps.find_enrolment(registration);
  if (request.method == "PUT") {
    if (!azure::is_valid_registration_id(registration))
      return refuse(400, "DPS does not allow this registration id");
    auto change = parse_enrolment_change(request.body);
    if (!change) return refuse(400, change.fault().detail());
    if (change->device_id && !change->device_id->empty() && !azure::is_valid_identity(*change->device_id))
      return refuse(400, "IoT Hub does not allow this device_id");
    const bool is_new = known == nullptr;
    auto keys = change->identity.keys ? std::move(*change->identity.keys)
                : known != nullptr    ? known->keys.clone()
                                      : derive_keys(dps.group_keys(), registration);
    auto device = change->device_id.value_or(known == nullptr ? "" : known->device_id);
    const bool enabled = change->identity.enabled.value_or(known == nullptr || known->enabled);
    dps.enrol(registration, {std::move(keys), std::move(device), enabled});
    auto shown = handle_enrolment(dps, {"GET", {}, {}, {}, {}}, registration);
    shown.status = is_new ? 201 : 200;
    return shown;
  }
  if (request.method != "GET") return refuse(405, "GET, PUT or DELETE");
  if (known == nullptr) return refuse(404, "no such enrolment");
  return reply(json::object{{"registration", registration},
                            {"device_id", known->device_id.empty() ? registration : known->device_id},
                            {"status", known->enabled ? "enabled" : "disabled"},
                            {"primary_key", known->keys.primary.base64().reveal()},
                            {"secondary_key", known->keys.secondary.base64().reveal()}});
}

net::http_response change_group(dps_service& dps, const std::string& body) {
  const auto change = parse_identity_change(body);
  if (!change) return refuse(400, change.fault().detail());
  if (change->keys || !change->enabled) return refuse(400, "wants a status, and nothing else");
  dps.set_group_enabled(*change->enabled);
  return reply(json::object{{"status", *change->enabled ? "enabled" : "disabled"}});
}

net::http_response reassign(const controlled& emulator, const std::string& body) {
  const auto wanted = parse_reassignment(body);
  if (!wanted) return refuse(400, wanted.fault().detail());
  if (wanted->hub >= emulator.hubs.size()) return refuse(404, "there is no hub of this number");
  return reply(json::object{{"moved", emulator.dps->reassign(wanted->pattern, wanted->hub)},
                            {"hub", emulator.made->hub_host(wanted->hub)}});
}

net::http_response show_registry(const stack_registry& registry, const registry_stream& changes) {
  const auto& totals = registry.totals();
  json::object applications;
  registry.visit_applications([&](const std::string& id, const std::string& api_key, std::size_t devices) {
    applications[id] = json::object{{"devices", devices}, {"api_key", api_key}};
  });
  return reply(json::object{{"lists", totals.lists},
                            {"changes", totals.changes},
                            {"event_streams", changes.readers()},
                            {"lookups", totals.lookups},
                            {"refused", totals.refused},
                            {"answers", by_status(totals.answers)},
                            {"applications", std::move(applications)}});
}

// An application that is new here gets the API key that follows from its name.
net::http_response put_registered(const controlled& emulator, const std::string& application,
                                  const std::string& device, const std::string& body) {
  auto change = parse_registered_device(body);
  if (!change) return refuse(400, change.fault().detail());
  auto& registry = *emulator.registry;
  if (!registry.has_application(application))
    registry.add_application(application, emulator.made->api_key_of(application), {});
  const bool is_new = registry.put(application, device, std::move(*change), emulator.on->now().wall);
  return reply(json::object{{"application", application}, {"device", device}}, is_new ? 201 : 200);
}

} // namespace

net::http_response answer_dps_control(const controlled& emulator, const net::http_request& request) {
  const auto path = request.path();
  auto& dps = *emulator.dps;
  if (path == "/dps" && request.method == "GET") {
    const auto id = query_value(request, "registration");
    return id.empty() ? show_dps(emulator) : show_registration(dps, id);
  }
  if (path == "/dps" && request.method == "DELETE") {
    dps.reset_counters();
    return reply(json::object{{"registrations", 0}});
  }
  constexpr std::string_view enrolments = "/dps/enrolments/";
  if (path.starts_with(enrolments) && path.size() > enrolments.size())
    return handle_enrolment(dps, request, percent_decode(path.substr(enrolments.size())));
  if (path == "/dps/group" && request.method == "PUT") return change_group(dps, request.body);
  if (path == "/dps/reassign" && request.method == "POST") return reassign(emulator, request.body);
  return refuse(404, nothing_here);
}

net::http_response answer_registry_control(const controlled& emulator, const net::http_request& request) {
  const auto path = request.path();
  auto& registry = *emulator.registry;
  if (path == "/registry" && request.method == "GET") return show_registry(registry, *emulator.changes);
  if (path == "/registry" && request.method == "DELETE") {
    registry.reset_counters();
    return reply(json::object{{"lists", 0}});
  }
  constexpr std::string_view base = "/registry/";
  if (!path.starts_with(base) || path.size() == base.size()) return refuse(404, nothing_here);
  const auto rest = path.substr(base.size());
  const auto slash = rest.find('/');
  const auto application = percent_decode(rest.substr(0, slash));
  const auto device =
      slash == std::string_view::npos ? std::string{} : percent_decode(rest.substr(slash + 1));
  const auto now = emulator.on->now();
  if (request.method == "POST" && device.empty()) {
    if (!registry.has_application(application)) return refuse(404, "no such application");
    const auto pattern = query_value(request, "move");
    if (pattern.empty()) return refuse(400, "wants ?move=PATTERN");
    return reply(json::object{{"moved", registry.move(application, pattern, now.wall)}});
  }
  if (request.method == "PUT" && !application.empty() && !device.empty())
    return put_registered(emulator, application, device, request.body);
  if (request.method != "DELETE") return refuse(405, "PUT, DELETE or POST");
  const bool gone =
      device.empty() ? registry.clear(application, now.wall) : registry.remove(application, device, now.wall);
  if (gone && emulator.downlinks != nullptr) emulator.downlinks->service().remove(application, device, now);
  if (!gone) return refuse(404, device.empty() ? "no such application" : "no such device");
  return reply(json::object{{"removed", rest}});
}

net::http_response answer_access_control(const controlled& emulator, const net::http_request& request) {
  if (request.method != "PUT") return refuse(405, "PUT");
  constexpr std::string_view base = "/access/";
  const auto application = percent_decode(request.path().substr(base.size()));
  if (!emulator.registry->has_application(application)) return refuse(404, "no such application");
  auto change = parse_access_change(request.body);
  if (!change) return refuse(400, change.fault().detail());
  emulator.access->change(application, std::move(*change));
  return reply(json::object{{"application", application}});
}

net::http_response answer_storage_control(const controlled& emulator, const net::http_request& request) {
  auto& storage = *emulator.storage;
  auto& log = storage.log();
  if (request.method == "PUT") {
    const auto change = parse_storage_change(request.body, log.options());
    if (!change) return refuse(400, change.fault().detail());
    log.set_options(*change);
  } else if (request.method == "DELETE") {
    log.clear();
    storage.reset_counters();
  } else if (request.method != "GET") {
    return refuse(405, "GET, PUT or DELETE");
  }
  json::object answers;
  for (const auto& [status, count] : storage.totals().answers)
    answers[std::to_string(status)] = count;
  const auto seconds = [](std::chrono::milliseconds time) {
    return std::chrono::duration<double>(time).count();
  };
  return reply(json::object{{"kept", log.options().kept},
                            {"delay", seconds(log.options().delay)},
                            {"retention", seconds(log.options().retention)},
                            {"messages", log.size()},
                            {"messages_ever", log.total()},
                            {"requests", storage.totals().requests},
                            {"records", storage.totals().records},
                            {"answers", std::move(answers)}});
}

} // namespace causeway::emulator
