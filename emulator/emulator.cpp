// SPDX-License-Identifier: Apache-2.0
#include "emulator/emulator.h"

#include "base/log.h"
#include "emulator/control_api.h"
#include "emulator/dps_listener.h"
#include "emulator/hub_listener.h"

#include <csignal>

namespace causeway::emulator {
namespace {

net::task<> stop_all(net::loop* on, net::task_group* tasks) {
  co_await tasks->stop();
  on->stop();
}

result<void> serve(const installation& made, net::loop& on, net::task_group& tasks,
                   net::task_group& stopping) {
  const auto& options = made.options();
  auto tls = net::tls_server_context::make(made.path_of("server.pem"), made.path_of("server-key.pem"));
  if (!tls) return tls.fault();

  auto registry = made.make_registry();
  fault_table faults;
  ledger accepted{registry.host()};
  hub_service hub{registry, accepted, faults, made.container_id()};
  dps_service dps{registry, faults, made.make_dps_options(), made.seed("dps")};
  dps.on_assigned([&hub](const identity& device) { hub.review(device); });
  things_stack stack{on, tasks, made.seed("sessions") + std::to_string(unix_seconds(on.now().wall))};
  accepted.listen([&stack](const ledger_entry& entry) { stack.on_arrival(entry); });

  const auto give_up = [&](const error& fault) {
    stopping.spawn("stop", net::restart_policy::never, [&] { return stop_all(&on, &tasks); });
    on.run();
    return fault;
  };
  auto hub_port = hub_listener::start(on, tasks, {options.host, options.hub_port}, *tls, hub);
  if (!hub_port) return give_up(hub_port.fault());
  auto dps_port = start_dps_listener(on, tasks, {options.host, options.dps_port}, *tls, dps);
  if (!dps_port) return give_up(dps_port.fault());
  auto control =
      start_control_api(on, tasks, {options.host, options.control_port}, {&made, &on, &hub, &dps, &stack});
  if (!control) return give_up(control.fault());

  bool stop_begun = false;
  on.on_signal([&](int signal) {
    if (signal == SIGHUP || stop_begun) return;
    stop_begun = true;
    log::info("emulator_stopping", {{"signal", signal}, {"accepted", accepted.totals().accepted}});
    stack.stop();
    hub_port->close();
    dps_port->stop_accepting();
    control->stop_accepting();
    stopping.spawn("stop", net::restart_policy::never, [&] { return stop_all(&on, &tasks); });
  });
  log::info("emulator_ready", {{"hub_port", hub_port->port()},
                               {"dps_port", dps_port->port()},
                               {"control_port", control->port()},
                               {"identities", registry.size()},
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
