// SPDX-License-Identifier: Apache-2.0
#include "emulator/control/control_api.h"

#include "emulator/control/control_downlinks.h"
#include "emulator/control/control_events.h"
#include "emulator/control/control_faults.h"
#include "emulator/control/control_hubs.h"
#include "emulator/control/control_messages.h"
#include "emulator/control/control_reply.h"
#include "emulator/control/control_requests.h"
#include "emulator/control/control_services.h"

#include <algorithm>
#include <memory>

namespace causeway::emulator {
namespace {

namespace json = boost::json;

constexpr std::chrono::milliseconds webhook_time_out{5'000}; // the stack's (things-stack-wire.md B.4)

json::object seconds_of(const simulation& shown, bool running, const controlled& emulator) {
  const auto until = running ? emulator.on->now().mono : shown.last_answer();
  return {{"seconds", std::chrono::duration<double>(until - shown.started()).count()}};
}

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

json::object by_webhook(const controlled& emulator) {
  const auto* simulation = emulator.stack->current();
  if (simulation == nullptr || emulator.by_mqtt->is_alone()) return {{"sent", 0}};
  const auto& totals = simulation->totals();
  json::object refused;
  for (const auto& [reason, count] : totals.refused)
    refused[reason] = count;
  json::object missing;
  for (const auto& [device, markers] : simulation->missing_markers(100))
    missing[device] = json::value_from(markers);
  auto shown = seconds_of(*simulation, emulator.stack->running(), emulator);
  shown["devices"] = simulation->device_count();
  shown["sent"] = totals.sent;
  shown["accepted"] = totals.accepted;
  shown["refused"] = totals.refused_total;
  shown["refused_by"] = std::move(refused);
  shown["retried"] = totals.retried;
  shown["lost_by_sender"] = totals.lost_by_sender;
  shown["health"] = show_health(emulator, *simulation);
  shown["delivered"] = totals.delivered;
  shown["lost"] = simulation->missing();
  shown["lost_uplinks"] = std::move(missing);
  shown["duplicates"] = totals.duplicates;
  shown["out_of_order"] = totals.out_of_order;
  shown["http"] = quantiles(simulation->http());
  shown["end_to_end"] = quantiles(simulation->end_to_end());
  return shown;
}

json::value by_mqtt(const controlled& emulator) {
  const auto* simulation = emulator.by_mqtt->current();
  if (simulation == nullptr) return nullptr;
  const auto& totals = simulation->totals();
  auto shown = seconds_of(*simulation, emulator.by_mqtt->running(), emulator);
  shown["running"] = emulator.by_mqtt->running();
  shown["devices"] = simulation->device_count();
  shown["sent"] = totals.sent;
  shown["published"] = totals.accepted;
  shown["refused"] = totals.refused_total;
  shown["delivered"] = totals.delivered;
  shown["missing"] = simulation->missing();
  shown["duplicates"] = totals.duplicates;
  shown["out_of_order"] = totals.out_of_order;
  shown["end_to_end"] = quantiles(simulation->end_to_end());
  return shown;
}

net::http_response show_simulation(const controlled& emulator) {
  auto shown = by_webhook(emulator);
  shown["running"] = emulator.stack->running() || emulator.by_mqtt->running();
  shown["mqtt"] = by_mqtt(emulator);
  return reply(shown);
}

net::http_response start_simulation(const controlled& emulator, const std::string& body) {
  auto request = parse_simulation(body, emulator.made->applications());
  if (!request) return refuse(400, request.fault().detail());
  if (emulator.stack->running() || emulator.by_mqtt->running())
    return refuse(409, "a simulation is running already");
  if (!request->has_retries) request->plan.sending.retry_minute = emulator.made->options().webhook_retries;
  auto parts = divide(std::move(request->plan));
  const bool any_by_mqtt = !parts.mqtt.applications.empty();
  const bool alone = any_by_mqtt && parts.webhook.applications.empty();
  // MQTT first: when it cannot begin nothing has.
  if (!any_by_mqtt)
    emulator.by_mqtt->clear();
  else if (auto started = emulator.by_mqtt->start(std::move(parts.mqtt), alone); !started)
    return refuse(400, started.fault().message());
  if (!alone) {
    if (auto started = emulator.stack->start(std::move(parts.webhook), request->ca_file); !started) {
      emulator.by_mqtt->stop();
      return refuse(400, started.fault().message());
    }
  }
  auto shown = show_simulation(emulator);
  shown.status = 201;
  return shown;
}

net::task<net::http_response> send_event(std::shared_ptr<const controlled> emulator, std::string body) {
  auto request = parse_event(body);
  if (!request) co_return refuse(400, request.fault().detail());
  if (request->by_mqtt && emulator->publisher == nullptr)
    co_return refuse(400, "by mqtt needs a broker: causeway-emulator --mqtt-broker");
  json::object sent;
  if (request->by_mqtt) {
    auto topic = request->topic.empty()
                     ? emulator->publisher->topic_of(request->application, request->device, request->kind)
                     : request->topic;
    sent["topic"] = topic;
    const bool taken = co_await emulator->publisher->publish(std::move(topic), request->body);
    sent["mqtt"] = taken;
  }
  if (request->by_webhook) {
    const auto all = emulator->made->applications();
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.id == request->application; });
    if (found == all.end()) co_return refuse(404, "no such application");
    net::http_call call;
    call.method = "POST";
    call.url = found->url;
    call.headers = {{"Content-Type", "application/json"}, {"Authorization", found->authorization}};
    call.body = std::move(request->body);
    call.time_out = webhook_time_out;
    const auto answer = co_await emulator->http->call(std::move(call));
    sent["webhook"] = answer ? json::value(answer->status) : json::value(answer.fault().name());
  }
  co_return reply(sent, 201);
}

net::task<net::http_response> serve(std::shared_ptr<const controlled> emulator, net::http_request request) {
  if (request.path() == "/simulation/event" && request.method == "POST") {
    auto sent = co_await send_event(emulator, std::move(request.body));
    co_return sent;
  }
  co_return answer_control(*emulator, request);
}

} // namespace

net::http_response answer_control(const controlled& emulator, const net::http_request& request) {
  const auto path = request.path();
  const bool get = request.method == "GET";
  if (path == "/healthz" && get) return reply(json::object{{"status", "ok"}});
  if (path.starts_with("/ledger")) return answer_arrivals_control(emulator, request);
  if (path.starts_with("/devices")) return answer_devices_control(emulator, request);
  if (path.starts_with("/policies/")) return answer_policies_control(emulator, request);
  if (path == "/c2d") return answer_c2d_control(emulator, request);
  if (path == "/links") return answer_links_control(emulator, request);
  if (path.starts_with("/twins/")) return answer_twins_control(emulator, request);
  if (path == "/events") return answer_events_control(emulator, request);
  if (path == "/quota") return answer_quota_control(emulator, request);
  if (path == "/faults") return answer_faults_control(emulator, request);
  if (path.starts_with("/dps")) return answer_dps_control(emulator, request);
  if (path.starts_with("/registry")) return answer_registry_control(emulator, request);
  if (path.starts_with("/access/")) return answer_access_control(emulator, request);
  if (path.starts_with("/downlinks") && emulator.downlinks != nullptr)
    return answer_downlinks_control(emulator, request);
  if (path == "/storage") return answer_storage_control(emulator, request);
  if (path == "/simulation" && get) return show_simulation(emulator);
  if (path == "/simulation" && request.method == "POST") return start_simulation(emulator, request.body);
  if (path == "/simulation/stop" && request.method == "POST") {
    emulator.stack->stop();
    emulator.by_mqtt->stop();
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
