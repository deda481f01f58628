// SPDX-License-Identifier: Apache-2.0
#include "causeway_bench/uplinks.h"

#include "base/log.h"
#include "causeway_bench/machine.h"
#include "emulator/installation.h"
#include "emulator/things_stack.h"
#include "net/task_group.h"
#include "testbed/emulator_child.h"
#include "testbed/free_ports.h"

#include <fmt/format.h>

#include <cmath>
#include <csignal>
#include <filesystem>
#include <iostream>

namespace causeway::bench {
namespace {

constexpr seconds start_patience{60};
constexpr seconds arrival_patience{60};

struct measurement {
  std::uint64_t sent = 0, accepted = 0, refused = 0, delivered = 0, lost = 0, duplicates = 0,
                out_of_order = 0;
  double seconds = 0, delivery_seconds = 0, gateway_cpu = 0;
  double http_p50 = 0, http_p99 = 0, whole_p50 = 0, whole_p99 = 0;
  std::uint64_t fsyncs = 0, gateway_bytes = 0;
  std::string state_fs;
};

struct bench_run {
  uplinks_options options;
  std::string directory;
  net::loop loop;
  net::task_group tasks{loop};
  int exit_code = 1;
};

// The value of a metric without labels; 0 when it is not there.
double metric(const std::string& page, const std::string& name) {
  const auto at = page.find("\n" + name + " ");
  return at == std::string::npos ? 0.0 : std::stod(page.substr(at + name.size() + 2));
}

net::task<result<std::string>> fetch(net::http_client* client, std::string url) {
  net::http_call call;
  call.url = std::move(url);
  auto answered = co_await client->call(std::move(call));
  if (!answered) co_return std::move(answered).fault();
  if (answered->status != 200) co_return error{errc::http_protocol, answered->body};
  co_return std::move(answered->body);
}

net::task<result<void>> wait_until_ready(bench_run* run, net::http_client* client, std::string url) {
  const auto deadline = run->loop.now().mono + start_patience;
  while (run->loop.now().mono < deadline) {
    const auto ready = co_await fetch(client, url);
    if (ready) co_return result<void>{};
    static_cast<void>(co_await net::sleep_for(milliseconds{20}));
  }
  co_return error{errc::connection_timed_out, url};
}

// Sends what the plan says and waits until all that was accepted is in the ledger, or nothing comes any more.
net::task<result<emulator_figures>> send_and_wait(bench_run* run, emulator::things_stack* stack,
                                                  emulator_child* hub, emulator::simulation_plan plan,
                                                  double* delivery_seconds) {
  const auto started = run->loop.now().mono;
  if (auto begun = stack->start(std::move(plan), {}); !begun) co_return std::move(begun).fault();
  emulator_figures last;
  auto changed = started;
  while (true) {
    static_cast<void>(co_await net::sleep_for(milliseconds{stack->running() ? 200 : 5}));
    if (stack->running()) {
      changed = run->loop.now().mono;
      continue;
    }
    auto figures = co_await hub->figures();
    if (!figures) co_return std::move(figures).fault();
    const auto now = run->loop.now().mono;
    if (figures->unique != last.unique) changed = now;
    last = *figures;
    if (last.unique >= stack->current()->totals().accepted || now - changed > arrival_patience) break;
  }
  *delivery_seconds = std::chrono::duration<double>(run->loop.now().mono - started).count();
  co_return last;
}

net::task<result<measurement>> measure(bench_run* run) {
  const auto& options = run->options;
  auto ports = find_free_ports(run->loop, 6);
  if (!ports) co_return std::move(ports).fault();
  emulator_options hub_options;
  hub_options.program = program_directory() + "/causeway-emulator";
  hub_options.directory = run->directory + "/emulator";
  hub_options.ports = {(*ports)[0], (*ports)[1], (*ports)[2], (*ports)[3], (*ports)[4], (*ports)[5]};
  hub_options.devices = options.devices;
  hub_options.retry_after = 0;
  emulator_child hub{run->loop, hub_options};
  const auto configuration = run->directory + "/causeway.toml";
  if (auto written = hub.write_configuration(configuration); !written) co_return std::move(written).fault();
  auto serving = co_await hub.start();
  if (!serving) co_return std::move(serving).fault();

  auto gateway =
      net::process::start(run->loop, {program_directory() + "/causeway", "run", "-c", configuration}, true);
  if (!gateway) co_return std::move(gateway).fault();
  net::http_client client{run->loop, {}};
  const auto admin = "http://127.0.0.1:" + std::to_string(hub_options.ports.admin);
  auto ready = co_await wait_until_ready(run, &client, admin + "/readyz");
  if (!ready) co_return std::move(ready).fault();

  // The same directory and options give the generator the devices and passwords of the emulator.
  emulator::emulator_options same;
  same.directory = hub_options.directory;
  same.hub_port = hub_options.ports.hub;
  same.dps_port = hub_options.ports.dps;
  same.control_port = hub_options.ports.control;
  same.stack_port = hub_options.ports.stack;
  same.devices = options.devices;
  same.retry_after = 0;
  same.webhook_listen = "127.0.0.1:" + std::to_string(hub_options.ports.webhook);
  same.admin_listen = "127.0.0.1:" + std::to_string(hub_options.ports.admin);
  const auto made = emulator::installation::prepare(same);
  if (!made) co_return made.fault();
  emulator::things_stack stack{run->loop, run->tasks, made->seed("bench")};

  // First every device is brought online, so that what is measured is the steady state.
  emulator::simulation_plan warm_up;
  warm_up.applications = made->applications();
  warm_up.uplinks = options.devices;
  warm_up.concurrency = options.connections;
  double seconds_spent = 0;
  auto warmed = co_await send_and_wait(run, &stack, &hub, warm_up, &seconds_spent);
  if (!warmed) co_return std::move(warmed).fault();
  if (warmed->unique < options.devices)
    co_return error{errc::hub_answer_missing,
                    fmt::format("{} of {} devices came online", warmed->unique, options.devices)};
  auto cleared = co_await hub.clear_ledger();
  if (!cleared) co_return std::move(cleared).fault();

  measurement out;
  auto before_page = co_await fetch(&client, admin + "/metrics");
  if (!before_page) co_return std::move(before_page).fault();
  const double cpu_before = cpu_seconds_of(gateway->pid());
  emulator::simulation_plan plan;
  plan.applications = made->applications();
  plan.duration = seconds{options.seconds};
  plan.rate = options.rate;
  plan.concurrency = options.connections;
  auto figures = co_await send_and_wait(run, &stack, &hub, plan, &out.delivery_seconds);
  if (!figures) co_return std::move(figures).fault();
  out.gateway_cpu = cpu_seconds_of(gateway->pid()) - cpu_before;
  auto after_page = co_await fetch(&client, admin + "/metrics");
  if (!after_page) co_return std::move(after_page).fault();

  const auto& simulation = *stack.current();
  out.sent = simulation.totals().sent;
  out.accepted = simulation.totals().accepted;
  out.refused = simulation.totals().refused_total;
  out.delivered = figures->unique;
  out.lost = out.accepted > out.delivered ? out.accepted - out.delivered : 0;
  out.duplicates = figures->arrived_twice;
  out.out_of_order = figures->arrived_out_of_order;
  out.seconds = std::chrono::duration<double>(simulation.last_answer() - simulation.started()).count();
  out.http_p50 = simulation.http().quantile_ms(0.5);
  out.http_p99 = simulation.http().quantile_ms(0.99);
  out.whole_p50 = figures->latency_p50_ms;
  out.whole_p99 = figures->latency_p99_ms;
  out.fsyncs = static_cast<std::uint64_t>(metric(*after_page, "causeway_store_fsyncs_total") -
                                          metric(*before_page, "causeway_store_fsyncs_total"));
  out.gateway_bytes = resident_bytes_of(gateway->pid());
  out.state_fs = file_system_of(run->directory);
  gateway->send_signal(SIGTERM);
  static_cast<void>(co_await gateway->wait());
  co_await hub.stop();
  co_return out;
}

void print(const bench_run& run, const measurement& m) {
  const double accepted_rate = static_cast<double>(m.accepted) / m.seconds;
  const double delivered_rate = static_cast<double>(m.delivered) / m.delivery_seconds;
  const double cpu = m.accepted == 0 ? 0 : m.gateway_cpu * 1e6 / static_cast<double>(m.accepted);
  const auto rate = run.options.rate == 0 ? std::string{"max"} : fmt::format("{}", run.options.rate);
  if (run.options.json) {
    fmt::print(
        "{{\"devices\":{},\"rate\":\"{}\",\"seconds\":{},\"http_connections\":{},\"sent\":{},\"accepted\":{},"
        "\"refused\":{},\"delivered\":{},"
        "\"lost\":{},\"duplicates\":{},\"out_of_order\":{},\"accepted_per_second\":{:.0f},\"delivered_per_"
        "second\":{:.0f},"
        "\"http_p50_ms\":{:.2f},\"http_p99_ms\":{:.2f},\"end_to_end_p50_ms\":{:.2f},\"end_to_end_p99_ms\":{:."
        "2f},"
        "\"gateway_cpu_us_per_uplink\":{:.1f},\"gateway_rss_bytes\":{},\"state_fs\":\"{}\",\"fsyncs\":{}}}\n",
        run.options.devices, rate, run.options.seconds, run.options.connections, m.sent, m.accepted,
        m.refused, m.delivered, m.lost, m.duplicates, m.out_of_order, accepted_rate, delivered_rate,
        m.http_p50, m.http_p99, m.whole_p50, m.whole_p99, cpu, m.gateway_bytes, m.state_fs, m.fsyncs);
    return;
  }
  fmt::print("{} devices, rate {}: {:.0f} a second accepted, {:.0f} a second delivered, {} lost, {} "
             "duplicates, {} out of order\n"
             "HTTP p50 {:.2f} ms, p99 {:.2f} ms; end to end p50 {:.2f} ms, p99 {:.2f} ms; gateway {:.1f} µs "
             "CPU an uplink; {} fsyncs on {}\n",
             run.options.devices, rate, accepted_rate, delivered_rate, m.lost, m.duplicates, m.out_of_order,
             m.http_p50, m.http_p99, m.whole_p50, m.whole_p99, cpu, m.fsyncs, m.state_fs);
}

net::task<> perform(bench_run* run) {
  struct at_end {
    net::loop& loop;
    ~at_end() { loop.stop(); }
  } const ended{run->loop};
  auto outcome = co_await measure(run);
  if (!outcome) {
    std::cerr << "causeway-bench: " << outcome.fault().name() << ": " << outcome.fault().message() << '\n';
  } else {
    print(*run, *outcome);
    run->exit_code = outcome->lost == 0 ? 0 : 1;
  }
}

} // namespace

int measure_uplinks(const uplinks_options& options) {
  auto directory = (std::filesystem::path{options.directory} / "causeway-bench.XXXXXX").string();
  if (::mkdtemp(directory.data()) == nullptr) {
    std::cerr << "causeway-bench: no directory can be made in " << options.directory << '\n';
    return 1;
  }
  log::start(log::level::warning, log::format::logfmt);
  bench_run run;
  run.options = options;
  run.directory = directory;
  run.tasks.spawn("bench", net::restart_policy::never, [&run] { return perform(&run); });
  run.loop.run();
  std::error_code ignored; // a directory that cannot be removed says nothing about the measurement
  std::filesystem::remove_all(directory, ignored);
  log::stop();
  return run.exit_code;
}

} // namespace causeway::bench
