// SPDX-License-Identifier: Apache-2.0
#include "causeway/verb_demo.h"

#include "app/gateway.h"
#include "app/open_files.h"
#include "base/log.h"
#include "causeway/demo_view.h"
#include "causeway/load_configuration.h"
#include "net/task_group.h"
#include "testbed/free_ports.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <iostream>

namespace causeway {
namespace {

constexpr milliseconds look_interval{100};
// Accepted uplinks that do not arrive for this long after the last one was sent are lost.
constexpr seconds arrival_patience{30};
// After Ctrl-C: for what is under way.
constexpr seconds stop_patience{5};
constexpr std::uint64_t a_very_long_time_seconds = 10ULL * 365 * 24 * 3600;

class temporary_directory {
public:
  temporary_directory() {
    auto name = (std::filesystem::temp_directory_path() / "causeway-demo.XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr)
      throw std::filesystem::filesystem_error{"no temporary directory", name,
                                              std::error_code{errno, std::generic_category()}};
    path_ = name;
  }
  ~temporary_directory() {
    std::error_code ignored; // what cannot be removed is the system's to clean
    std::filesystem::remove_all(path_, ignored);
  }
  temporary_directory(const temporary_directory&) = delete;
  temporary_directory& operator=(const temporary_directory&) = delete;
  std::string file(const char* name) const { return (std::filesystem::path{path_} / name).string(); }

private:
  std::string path_;
};

struct demonstration {
  demo_options options;
  temporary_directory directory;
  net::loop loop;
  net::task_group tasks{loop};
  bool stopped = false;
  int exit_code = 1;
  emulator_figures last;
  std::optional<double> seconds_to_all_online;
};

int fail(const error& why) {
  std::cerr << "causeway demo: " << why.name() << ": " << why.message() << '\n';
  return 1;
}

std::string plan_of(const demo_options& options) {
  const auto end = options.uplinks != 0 ? fmt::format("\"uplinks\":{}", options.uplinks)
                                        : fmt::format("\"seconds\":{}", a_very_long_time_seconds);
  return fmt::format("{{{},\"rate\":{}}}", end, options.rate.value_or(options.exit ? 0 : 10));
}

void print_json(const demonstration& demo) {
  const auto& e = demo.last;
  fmt::print(
      "{{\"devices\":{},\"online\":{},\"uplinks_sent\":{},\"uplinks_accepted\":{},\"uplinks_delivered\":{},"
      "\"uplinks_lost\":{},"
      "\"duplicates\":{},\"out_of_order\":{},\"dps_registrations\":{},\"seconds_to_all_online\":{}}}\n",
      demo.options.devices, e.attached, e.sent, e.accepted, e.delivered, e.lost, e.duplicates, e.out_of_order,
      e.registrations,
      demo.seconds_to_all_online ? fmt::format("{:.3f}", *demo.seconds_to_all_online) : "null");
}

void print_summary(const demonstration& demo) {
  const auto& e = demo.last;
  fmt::print("{} of {} devices online{}; {} uplinks sent, {} accepted, {} delivered, {} lost, {} duplicates, "
             "{} out of order; "
             "{} DPS registrations; webhook p99 {:.1f} ms, to the hub p99 {:.1f} ms\n",
             e.attached, demo.options.devices,
             demo.seconds_to_all_online ? fmt::format(" after {:.1f} s", *demo.seconds_to_all_online) : "",
             e.sent, e.accepted, e.delivered, e.lost, e.duplicates, e.out_of_order, e.registrations,
             e.http_p99_ms, e.end_to_end_p99_ms);
}

// The devices stop sending before the gateway stops taking, so that what the summary says of sent and
// accepted is no loss.
net::task<result<void>> finish_uplinks(demonstration* demo, emulator_child* emulator) {
  if (auto stopped = co_await emulator->stop_simulation(); !stopped) co_return stopped;
  const auto deadline = demo->loop.now().mono + stop_patience;
  while (demo->loop.now().mono < deadline) {
    auto figures = co_await emulator->figures();
    if (!figures) co_return std::move(figures).fault();
    if (!figures->running && figures->lost == 0) break;
    if (!co_await net::sleep_for(look_interval / 4)) break;
  }
  co_return result<void>{};
}

// Looks until all is delivered, or somebody stops it.
net::task<result<void>> watch(demonstration* demo, app::gateway* gateway, emulator_child* emulator) {
  demo_view view{::isatty(STDERR_FILENO) == 1, demo->options.devices};
  const auto started = demo->loop.now().mono;
  std::uint64_t arrived = 0;
  auto arrived_at = started;
  while (!demo->stopped) {
    auto figures = co_await emulator->figures();
    if (!figures) co_return std::move(figures).fault();
    const auto now = demo->loop.now().mono;
    demo->last = *figures;
    if (!demo->seconds_to_all_online && figures->attached >= demo->options.devices)
      demo->seconds_to_all_online = std::chrono::duration<double>(now - started).count();
    view.show(gateway->figures(), *figures, now);
    if (figures->delivered != arrived || figures->running) {
      arrived = figures->delivered;
      arrived_at = now;
    }
    if (demo->options.exit && !figures->running &&
        (figures->lost == 0 || now - arrived_at > arrival_patience))
      break;
    const bool going_on = co_await net::sleep_for(look_interval);
    if (!going_on) break;
  }
  view.end();
  co_return result<void>{};
}

net::task<result<void>> show(demonstration* demo) {
  auto ports = find_free_ports(demo->loop, 6);
  if (!ports) co_return std::move(ports).fault();
  emulator_options options;
  options.program = program_directory() + "/causeway-emulator";
  options.directory = demo->directory.file("emulator");
  options.ports = {(*ports)[0], (*ports)[1], (*ports)[2], (*ports)[3], (*ports)[4], (*ports)[5]};
  options.devices = demo->options.devices;
  emulator_child emulator{demo->loop, std::move(options)};
  const auto configuration = demo->directory.file("causeway.toml");
  if (auto written = emulator.write_configuration(configuration); !written)
    co_return std::move(written).fault();
  const auto settings = load_configuration(configuration);
  if (!settings) co_return error{errc::internal, "the emulator's configuration cannot be used"};
  auto serving = co_await emulator.start();
  if (!serving) co_return std::move(serving).fault();
  auto gateway = co_await app::gateway::start(demo->loop, *settings);
  if (!gateway) co_return std::move(gateway).fault();

  if (!demo->options.json)
    std::cerr << "  dashboard http://" << settings->admin.listen << "/\n  webhook   http://"
              << settings->webhook.listen << "/webhook/\n  metrics   http://" << settings->admin.listen
              << "/metrics\n  ledger    http://127.0.0.1:" << (*ports)[2] << "/ledger\n  Ctrl-C ends it.\n\n";
  auto outcome = co_await emulator.simulate(plan_of(demo->options));
  if (outcome) outcome = co_await watch(demo, gateway->get(), &emulator);
  if (outcome && demo->stopped) outcome = co_await finish_uplinks(demo, &emulator);
  const auto stopped = co_await (*gateway)->stop(milliseconds{5'000});
  if (!stopped && outcome) outcome = stopped.fault();
  if (outcome) {
    // The gateway has drained; what has arrived by now is all that will be.
    auto figures = co_await emulator.figures();
    if (figures) {
      const auto attached = demo->last.attached;
      demo->last = *figures;
      demo->last.attached = attached;
    }
  }
  co_await emulator.stop();
  co_return outcome;
}

net::task<> perform(demonstration* demo) {
  struct at_end {
    net::loop& loop;
    ~at_end() { loop.stop(); }
  } const ended{demo->loop};
  auto outcome = co_await show(demo);
  if (!outcome) {
    demo->exit_code = fail(outcome.fault());
  } else {
    if (demo->options.json)
      print_json(*demo);
    else
      print_summary(*demo);
    const auto& e = demo->last;
    const bool all_sent = !demo->options.exit || e.accepted == demo->options.uplinks;
    demo->exit_code = e.lost == 0 && e.out_of_order == 0 && all_sent ? 0 : 1;
  }
}

} // namespace

int verb_demo(const demo_options& options) {
  if (options.exit && options.uplinks == 0) {
    std::cerr << "causeway demo: --exit needs --uplinks: it ends when they are all delivered\n";
    return 2;
  }
  ::umask(077);
  log::start(log::level::warning, log::format::logfmt);
  app::raise_open_files_limit();
  demonstration demo;
  demo.options = options;
  demo.loop.on_signal([&demo, outlives_terminal = net::ignores_hang_up()](int signal) {
    if (signal == SIGHUP && outlives_terminal) return;
    // The shell and the kernel may both tell of a terminal that is gone; only a person is impatient.
    if (demo.stopped && signal != SIGHUP) std::_Exit(1);
    demo.stopped = true;
  });
  demo.tasks.spawn("demo", net::restart_policy::never, [&demo] { return perform(&demo); });
  demo.loop.run();
  std::fflush(stdout);
  if (!log::stop()) std::_Exit(demo.exit_code);
  return demo.exit_code;
}

} // namespace causeway
