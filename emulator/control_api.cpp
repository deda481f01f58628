// SPDX-License-Identifier: Apache-2.0
#include "emulator/control_api.h"

#include "emulator/control_events.h"
#include "emulator/control_faults.h"
#include "emulator/control_hubs.h"
#include "emulator/control_reply.h"
#include "emulator/control_requests.h"
#include "emulator/control_services.h"

#include <memory>

namespace causeway::emulator {
namespace {

namespace json = boost::json;

// As the stack shows it (things-stack-wire.md B.5).
json::object show_health(const controlled& emulator, const simulation& shown) {
  json::object by_application;
  const auto* health = emulator.stack->health();
  for (std::size_t i = 0; health != nullptr && i < health->size(); ++i) {
    const auto& one = (*health)[i];
    auto& status = by_application[shown.plan().applications[i].id];
    if (one.failures() == 0)
      status = json::object{{"healthy", json::object{}}};
    else
      status = json::object{
          {"unhealthy", json::object{{"failed_attempts", std::to_string(one.failures())},
                                     {"last_failed_attempt_at", format_rfc3339(one.last_failure())}}}};
  }
  return by_application;
}

net::http_response show_simulation(const controlled& emulator) {
  const auto* simulation = emulator.stack->current();
  if (simulation == nullptr) return reply(json::object{{"running", false}, {"sent", 0}});
  const auto& totals = simulation->totals();
  json::object refused;
  for (const auto& [reason, count] : totals.refused)
    refused[reason] = count;
  json::object missing;
  for (const auto& [device, markers] : simulation->missing_markers(100))
    missing[device] = json::value_from(markers);
  const auto until = emulator.stack->running() ? emulator.on->now().mono : simulation->last_answer();
  return reply(json::object{{"running", emulator.stack->running()},
                            {"devices", simulation->device_count()},
                            {"sent", totals.sent},
                            {"accepted", totals.accepted},
                            {"refused", totals.refused_total},
                            {"refused_by", std::move(refused)},
                            {"retried", totals.retried},
                            {"lost_by_sender", totals.lost_by_sender},
                            {"health", show_health(emulator, *simulation)},
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
  if (!request->has_retries) request->plan.sending.retry_minute = emulator.made->options().webhook_retries;
  if (auto started = emulator.stack->start(std::move(request->plan), request->ca_file); !started)
    return refuse(400, started.fault().message());
  auto shown = show_simulation(emulator);
  shown.status = 201;
  return shown;
}

net::task<net::http_response> serve(std::shared_ptr<const controlled> emulator, net::http_request request) {
  co_return answer_control(*emulator, request);
}

} // namespace

net::http_response answer_control(const controlled& emulator, const net::http_request& request) {
  const auto path = request.path();
  const bool get = request.method == "GET";
  if (path == "/healthz" && get) return reply(json::object{{"status", "ok"}});
  if (path.starts_with("/ledger")) return answer_ledger_control(emulator, request);
  if (path.starts_with("/devices")) return answer_devices_control(emulator, request);
  if (path == "/events") return answer_events_control(emulator, request);
  if (path == "/quota") return answer_quota_control(emulator, request);
  if (path == "/faults") return answer_faults_control(emulator, request);
  if (path.starts_with("/dps")) return answer_dps_control(emulator, request);
  if (path.starts_with("/registry")) return answer_registry_control(emulator, request);
  if (path == "/storage") return answer_storage_control(emulator, request);
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
  const auto shown = std::make_shared<const controlled>(std::move(emulator));
  return net::http_server::start(
      on, tasks, address, std::nullopt, limits,
      [shown](net::http_request request) { return serve(shown, std::move(request)); });
}

} // namespace causeway::emulator
