// SPDX-License-Identifier: Apache-2.0
#include "emulator/run/emulator.h"

#include "base/log.h"
#include "emulator/control/control_api.h"
#include "emulator/dps/dps_listener.h"
#include "emulator/hub/event_listener.h"
#include "emulator/hub/hub_listener.h"
#include "emulator/service/service_listener.h"
#include "emulator/stack/stack_listener.h"

#include <csignal>
#include <memory>
#include <optional>
#include <vector>

namespace causeway::emulator {
namespace {

net::task<> stop_all(net::loop* on, net::task_group* tasks) {
  co_await tasks->stop();
  on->stop();
}

// The hubs with what each has of its own. They stay where they are.
class hub_sites {
public:
  hub_sites(const installation& made, arrivals& accepted, fault_tables& faults) {
    for (std::size_t i = 0; i < made.options().hubs; ++i)
      sites_.push_back(std::make_unique<site>(made, accepted, faults, i));
  }

  hub_service& hub(std::size_t index) { return sites_[index]->hub; }
  service_api& services(std::size_t index) { return sites_[index]->services; }
  std::vector<hub_service*> hubs() {
    std::vector<hub_service*> all;
    for (const auto& each : sites_)
      all.push_back(&each->hub);
    return all;
  }
  std::vector<linked_hub> linked(const installation& made) {
    std::vector<linked_hub> all;
    for (std::size_t i = 0; i < sites_.size(); ++i)
      all.push_back({&sites_[i]->registry, made.hub_host(i)});
    return all;
  }

  std::vector<event_hub> event_hubs() {
    std::vector<event_hub> all;
    for (std::size_t i = 0; i < sites_.size(); ++i)
      all.push_back({installation::event_hub_name(i), &sites_[i]->events, &sites_[i]->registry});
    return all;
  }

private:
  struct site {
    site(const installation& made, arrivals& accepted, fault_tables& faults, std::size_t index)
        : registry{made.make_registry(index)},
          hub{registry,
              accepted,
              faults.hub(index),
              made.container_id(index),
              index,
              made.make_hub_options()},
          events{made.options().events},
          services{hub, made.seed("service keys/" + std::to_string(index))} {
      if (made.options().events_port != 0) hub.keep_events(events);
    }
    identity_registry registry;
    hub_service hub;
    event_log events;
    service_api services;
  };
  std::vector<std::unique_ptr<site>> sites_;
};

// The webhook that the printed configuration is made for, whole.
access_change make_access(const simulated_application& application) {
  boost::json::object hook{
      {"ids",
       boost::json::object{{"application_ids", boost::json::object{{"application_id", application.id}}},
                           {"webhook_id", "causeway"}}},
      {"base_url", application.url},
      {"format", "json"},
      {"headers", boost::json::object{{"Authorization", application.authorization}}}};
  for (const auto* kind : {"uplink_message", "uplink_normalized", "join_accept", "downlink_ack",
                           "downlink_nack", "downlink_sent", "downlink_failed", "downlink_queued",
                           "downlink_queue_invalidated", "location_solved", "service_data"})
    hook[kind] = boost::json::object{};
  access_change made;
  made.webhooks = boost::json::array{std::move(hook)};
  return made;
}

// The same, for whom the events of downlinks go to.
webhook_settings make_webhook(const simulated_application& application) {
  auto made = application.webhook;
  made.base_url = application.url;
  made.headers.emplace_back("Authorization", application.authorization);
  return made;
}

result<void> serve(const installation& made, net::loop& on, net::task_group& tasks,
                   net::task_group& stopping) {
  const auto& options = made.options();
  auto tls = net::tls_server_context::make(made.path_of("server.pem"), made.path_of("server-key.pem"));
  if (!tls) return tls.fault();

  fault_tables faults{options.hubs};
  arrivals accepted{made.hub_host(0)};
  hub_sites sites{made, accepted, faults};
  event_endpoint events{sites.event_hubs()};
  dps_service dps{sites.linked(made), faults.services(), made.make_dps_options(), made.seed("dps")};
  dps.on_changed(
      [&sites, &on](std::size_t hub, const identity& device) { sites.hub(hub).review(device, on.now()); });
  stack_registry registry{faults.services(), {options.registry_rate}, made.seed("registry")};
  for (auto& application : made.applications())
    registry.add_application(application.id, made.api_key_of(application.id), std::move(application.devices));
  storage_log stored{options.storage};
  storage_api storage{stored, registry};
  stack_access access{registry};
  for (const auto& application : made.applications())
    access.change(application.id, make_access(application));
  registry_stream changes{access, faults.services(), made.seed("changes")};
  registry.on_change([&changes](const registry_change& what, wall_time at) { changes.publish(what, at); });
  things_stack stack{on, tasks, stored, made.seed("sessions") + std::to_string(unix_seconds(on.now().wall)),
                     "https://localhost:" + std::to_string(options.stack_port) + "/api/v3"};
  const auto stack_url = "https://localhost:" + std::to_string(options.stack_port) + "/api/v3";
  downlink_service downlinks{made.seed("downlinks") + std::to_string(unix_seconds(on.now().wall)),
                             [&registry](const std::string& application, const std::string& device) {
                               return registry.creation_of(application, device);
                             }};
  downlink_api downlinks_api{downlinks, access};
  std::optional<mqtt_publisher> publisher;
  if (!options.mqtt.address.empty()) publisher.emplace(on, tasks, options.mqtt);
  mqtt_stack by_mqtt{on, tasks, publisher ? &*publisher : nullptr, stored,
                     made.seed("mqtt sessions") + std::to_string(unix_seconds(on.now().wall))};
  stack.pass_uplinks_by(downlinks);
  by_mqtt.pass_uplinks_by(downlinks);
  event_courier courier{on, tasks, publisher ? &*publisher : nullptr, made.path_of("ca.pem")};
  downlink_port downlinks_port{on, tasks, downlinks_api, courier};
  if (publisher)
    publisher->on_downlink([&downlinks_port](const std::string& topic, const std::string& body) {
      downlinks_port.on_published(topic, body);
    });
  net::http_client http{on, {}};
  accepted.listen([&](const arrival& entry) {
    stack.on_arrival(entry);
    by_mqtt.on_arrival(entry);
  });

  const auto give_up = [&](const error& fault) {
    stopping.spawn("stop", net::restart_policy::never, [&] { return stop_all(&on, &tasks); });
    on.run();
    return fault;
  };
  for (const auto& application : made.applications())
    if (auto set = courier.set_webhook(application.id, make_webhook(application), stack_url); !set)
      return give_up(set.fault());
  std::vector<hub_listener> hub_ports;
  for (std::size_t i = 0; i < options.hubs; ++i) {
    auto port = hub_listener::start(on, tasks, {options.host, made.hub_port(i)}, *tls, sites.hub(i));
    if (!port) return give_up(port.fault());
    hub_ports.push_back(std::move(*port));
  }
  std::vector<net::http_server> service_ports;
  for (std::size_t i = 0; options.service_port != 0 && i < options.hubs; ++i) {
    auto port = start_service_listener(on, tasks, {options.host, made.service_port(i)}, *tls,
                                       sites.services(i), options.delays.answer);
    if (!port) return give_up(port.fault());
    service_ports.push_back(std::move(*port));
  }
  std::optional<net::listener> events_port;
  if (options.events_port != 0) {
    auto port = start_event_listener(on, tasks, {options.host, options.events_port}, events);
    if (!port) return give_up(port.fault());
    events_port.emplace(std::move(*port));
  }
  auto dps_port = start_dps_listener(on, tasks, {options.host, options.dps_port}, *tls, dps, options.delays,
                                     emulated_clock{faults.services(), "dps"});
  if (!dps_port) return give_up(dps_port.fault());
  auto stack_port = start_stack_listener(on, tasks, {options.host, options.stack_port}, *tls, registry,
                                         storage, access, changes, &downlinks_port, options.delays,
                                         emulated_clock{faults.services(), "registry"});
  if (!stack_port) return give_up(stack_port.fault());
  auto control =
      start_control_api(on, tasks, {options.host, options.control_port},
                        {&made, &on, &faults, &accepted, sites.hubs(), &dps, &registry, &changes, &stack,
                         &events, &tasks, &storage, &by_mqtt, publisher ? &*publisher : nullptr, &http,
                         &access, &downlinks_api, &courier, stack_url});
  if (!control) return give_up(control.fault());

  bool stop_begun = false;
  const bool outlives_terminal = net::ignores_hang_up();
  on.on_signal([&](int signal) {
    if ((signal == SIGHUP && outlives_terminal) || stop_begun) return;
    stop_begun = true;
    log::info("emulator_stopping", {{"signal", signal}, {"accepted", accepted.totals().accepted}});
    stack.stop();
    by_mqtt.stop();
    for (auto& port : hub_ports)
      port.close();
    for (auto& port : service_ports)
      port.stop_accepting();
    if (events_port) events_port->close();
    dps_port->stop_accepting();
    stack_port->stop_accepting();
    control->stop_accepting();
    stopping.spawn("stop", net::restart_policy::never, [&] { return stop_all(&on, &tasks); });
  });
  log::info("emulator_ready", {{"hub_port", hub_ports.front().port()},
                               {"hubs", hub_ports.size()},
                               {"dps_port", dps_port->port()},
                               {"stack_port", stack_port->port()},
                               {"control_port", control->port()},
                               {"events_port", options.events_port},
                               {"service_port", options.service_port},
                               {"identities", sites.hub(0).registry().size()},
                               {"directory", options.directory.string()}});
  on.run();
  return {};
}

} // namespace

result<void> run_emulator(const installation& made) {
  net::loop on;
  net::task_group tasks{on};
  net::task_group stopping{on};
  return serve(made, on, tasks, stopping);
}

} // namespace causeway::emulator
