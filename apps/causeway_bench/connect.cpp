// SPDX-License-Identifier: Apache-2.0
#include "causeway_bench/connect.h"

#include "base/encoding.h"
#include "base/log.h"
#include "causeway_bench/machine.h"
#include "net/task_group.h"
#include "testbed/emulator_child.h"
#include "testbed/free_ports.h"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

namespace causeway::bench {
namespace {

// Longer than any pause that a service asks for.
constexpr seconds patience{60};
constexpr seconds start_patience{60};
// What follows the last telemetry link: the cloud-to-device links, and memory that is given back.
constexpr milliseconds settling{1'000};

struct connect_run {
  connect_options options;
  std::string directory; // of this run
  net::loop loop;
  net::task_group tasks{loop};
  std::vector<connect_figures> done;
  bool complete = true;
  std::optional<error> fault;
};

// Everything whose change is progress.
std::uint64_t progress_of(const emulator_figures& seen) {
  return seen.attached + seen.c2d_links + seen.twin_reads + seen.put_tokens + seen.dps_requests +
         seen.connections;
}

result<void> write_file(const std::string& path, const std::string& text) {
  std::ofstream out{path, std::ios::binary};
  out << text;
  out.close();
  if (!out) return error{errc::state_unusable, path};
  return {};
}

// The same configuration without the registry and with a state of its own: a gateway that has no device.
result<void> write_configuration_without_devices(const std::string& from, const std::string& to) {
  std::ifstream in{from};
  std::string text;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("api_key_file")) continue;
    if (const auto at = line.find("/gateway-state\""); at != std::string::npos) line.insert(at + 14, "-base");
    text += line + "\n";
  }
  return write_file(to, text);
}

class measured_run {
public:
  measured_run(connect_run& run, emulator_child& hub, const emulator_ports& ports)
      : run_{run}, hub_{hub}, ports_{ports}, client_{run.loop, {}} {}

  net::task<result<connect_figures>> measure();

private:
  std::vector<std::string> arguments(const std::string& configuration) const;
  net::task<result<void>> wait_until_ready();
  net::task<result<std::uint64_t>> measure_base();
  net::task<result<void>> provision();
  net::task<result<emulator_figures>> wait_until_online(net::process& gateway, double& cpu_seconds);
  void read_phases(connect_figures& out) const;
  std::string file(std::string_view name) const { return run_.directory + "/" + std::string{name}; }

  connect_run& run_;
  emulator_child& hub_;
  emulator_ports ports_;
  net::http_client client_;
};

std::vector<std::string> measured_run::arguments(const std::string& configuration) const {
  if (run_.options.strategy == strategy_kind::sequential)
    return {program_directory() + "/causeway-bench",
            "sequential-client",
            "-c",
            configuration,
            "--spans",
            file("spans.jsonl")};
  return {program_directory() + "/causeway", "run", "-c", configuration};
}

net::task<result<void>> measured_run::wait_until_ready() {
  const auto url = "http://127.0.0.1:" + std::to_string(ports_.admin) + "/readyz";
  const auto deadline = run_.loop.now().mono + start_patience;
  while (run_.loop.now().mono < deadline) {
    net::http_call call;
    call.url = url;
    const auto answered = co_await client_.call(std::move(call));
    if (answered && answered->status == 200) co_return result<void>{};
    static_cast<void>(co_await net::sleep_for(milliseconds{20}));
  }
  co_return error{errc::connection_timed_out, url};
}

net::task<result<std::uint64_t>> measured_run::measure_base() {
  const auto configuration = file("without-devices.toml");
  if (auto written = write_configuration_without_devices(file("causeway.toml"), configuration); !written)
    co_return std::move(written).fault();
  auto started = net::process::start(run_.loop, arguments(configuration), true);
  if (!started) co_return std::move(started).fault();
  if (run_.options.strategy == strategy_kind::causeway) {
    auto ready = co_await wait_until_ready();
    if (!ready) co_return std::move(ready).fault();
  }
  static_cast<void>(co_await net::sleep_for(settling));
  const auto bytes = resident_bytes_of(started->pid());
  started->send_signal(SIGTERM);
  static_cast<void>(co_await started->wait());
  co_return bytes;
}

// Fills the caches as an operator does, in a process of its own; what it asked for does not count.
net::task<result<void>> measured_run::provision() {
  auto started = net::process::start(
      run_.loop, {program_directory() + "/causeway", "provision", "-c", file("causeway.toml")}, true);
  if (!started) co_return std::move(started).fault();
  const auto status = co_await started->wait();
  if (status != 0) co_return error{errc::process_exited, fmt::format("causeway provision: {}", status)};
  auto cleared = co_await hub_.clear_dps();
  if (!cleared) co_return std::move(cleared).fault();
  co_return co_await hub_.clear_arrivals();
}

// Returns what the emulator says when all are online, or when nothing moves any more.
net::task<result<emulator_figures>> measured_run::wait_until_online(net::process& gateway,
                                                                    double& cpu_seconds) {
  const auto devices = run_.options.devices;
  const auto interval = milliseconds{devices > 20'000 ? 200 : 25};
  auto changed = run_.loop.now().mono;
  std::uint64_t last = 0;
  while (true) {
    auto seen = co_await hub_.figures();
    if (!seen) co_return std::move(seen).fault();
    cpu_seconds = cpu_seconds_of(gateway.pid());
    const auto now = run_.loop.now().mono;
    if (const auto progress = progress_of(*seen); progress != last) {
      last = progress;
      changed = now;
    }
    // A device's twin is read when it has all its links.
    const bool linked = seen->twin_reads >= run_.options.linked.value_or(0);
    if ((seen->attached >= devices && linked) || now - changed > patience) break;
    if (!gateway.running()) co_return error{errc::process_exited, "the gateway"};
    static_cast<void>(co_await net::sleep_for(interval));
  }
  static_cast<void>(co_await net::sleep_for(settling));
  co_return co_await hub_.figures();
}

// The means of what the sequential client has written about each device.
void measured_run::read_phases(connect_figures& out) const {
  std::ifstream in{file("spans.jsonl")};
  for (std::string line; std::getline(in, line);) {
    boost::system::error_code fault;
    const auto span = boost::json::parse(line, fault);
    if (fault) continue;
    const std::string phase{span.at("phase").as_string()};
    out.phases[phase] += span.at("duration_ms").to_number<double>() / 1000 / run_.options.devices;
  }
}

net::task<result<connect_figures>> measured_run::measure() {
  connect_figures out;
  out.state_fs = file_system_of(run_.directory);
  const auto base = co_await measure_base();
  if (!base) co_return base.fault();
  out.rss_bytes_base = *base;
  if (run_.options.start == start_kind::warm && run_.options.strategy == strategy_kind::causeway) {
    auto provisioned = co_await provision();
    if (!provisioned) co_return std::move(provisioned).fault();
  }
  const auto before = co_await hub_.figures();
  if (!before) co_return before.fault();

  const auto begun = run_.loop.now();
  auto gateway = net::process::start(run_.loop, arguments(file("causeway.toml")), true);
  if (!gateway) co_return std::move(gateway).fault();
  const auto seen = co_await wait_until_online(*gateway, out.cpu_seconds);
  if (!seen) co_return seen.fault();
  out.rss_bytes = resident_bytes_of(gateway->pid());
  if (run_.options.hold > 0) {
    const auto cpu = cpu_seconds_of(gateway->pid());
    const auto held_from = run_.loop.now().mono;
    static_cast<void>(co_await net::sleep_for(seconds{run_.options.hold}));
    const auto held = std::chrono::duration<double>(run_.loop.now().mono - held_from).count();
    out.idle_cpu_percent = 100 * (cpu_seconds_of(gateway->pid()) - cpu) / held;
  }

  const auto begun_ms = std::chrono::duration<double, std::milli>(begun.wall.time_since_epoch()).count();
  out.online = seen->attached;
  out.c2d_links = seen->c2d_links;
  out.twin_reads = seen->twin_reads;
  out.put_tokens = seen->put_tokens - before->put_tokens;
  out.connections = seen->connections - before->connections;
  out.connects_in_busiest_second = seen->connects_in_busiest_second;
  out.throttled_connects = seen->throttled_connects - before->throttled_connects;
  out.registrations = seen->registrations;
  out.polls = seen->polls;
  out.dps_requests = seen->dps_requests;
  out.accepted_registrations = seen->accepted_registrations;
  out.dps_throttled = seen->dps_throttled;
  out.accepted_by_minute = seen->accepted_by_minute;
  if (seen->last_attach_ms > 0)
    out.seconds_to_all_online = (static_cast<double>(seen->last_attach_ms) - begun_ms) / 1000;
  out.attach_seconds = static_cast<double>(seen->last_attach_ms - seen->first_attach_ms) / 1000;
  out.registration_seconds =
      static_cast<double>(seen->last_registration_ms - seen->first_registration_ms) / 1000;
  read_phases(out);
  gateway->send_signal(SIGTERM);
  static_cast<void>(co_await gateway->wait());
  co_return out;
}

std::vector<std::string> emulator_words(const connect_options& options) {
  const auto layout = options.linked                                  ? std::string{"mixed"}
                      : options.azure == azure_way::connection_string ? std::string{"hub"}
                                                                      : std::string{name_of(options.azure)};
  std::vector<std::string> words{"--layout", layout};
  const auto add = [&](const char* name, const std::string& value) {
    words.emplace_back(name);
    words.push_back(value);
  };
  if (options.linked) add("--hub-devices", std::to_string(*options.linked));
  if (options.assign_after) add("--assign-after", fmt::format("{}", *options.assign_after));
  if (options.dps_quota) add("--dps-quota", std::to_string(*options.dps_quota));
  if (options.dps_enforced) add("--dps-enforced", std::to_string(*options.dps_enforced));
  if (!options.tier.empty()) {
    add("--tier", options.tier);
    add("--units", std::to_string(options.units));
  }
  return words;
}

// Behind each line of the file that begins so. False: there is none.
result<bool> add_lines(const std::string& file, std::string_view behind, const std::string& lines) {
  std::ifstream in{file};
  std::string text;
  bool found = false;
  for (std::string line; std::getline(in, line);) {
    text += line + "\n";
    if (!line.starts_with(behind)) continue;
    text += lines;
    found = true;
  }
  if (auto written = write_file(file, text); !written) return std::move(written).fault();
  return found;
}

// The printed configuration has one section for DPS, or none.
result<void> set_first_poll(const std::string& configuration, const connect_options& options) {
  if (options.first_poll == "retry-after") return {};
  const auto found =
      add_lines(configuration, "id_scope = ", "first_poll = " + json_quoted(options.first_poll) + "\n");
  if (!found) return found.fault();
  if (!*found) return error{errc::config_invalid_value, "--first-poll is for --azure dps and central"};
  return {};
}

// Which application has links for commands, where that was asked.
result<void> set_links(const std::string& configuration, const connect_options& options) {
  if (!options.linked) return {};
  if (auto set = add_lines(configuration, "azure = \"plant\"", "commands = true\ntwin = true\n"); !set)
    return std::move(set).fault();
  if (auto set = add_lines(configuration, "azure = \"field\"", "commands = false\ntwin = false\n"); !set)
    return std::move(set).fault();
  return {};
}

net::task<result<connect_figures>> run_once(connect_run* run) {
  auto ports = find_free_ports(run->loop, 6);
  if (!ports) co_return std::move(ports).fault();
  emulator_options hub_options;
  hub_options.program = program_directory() + "/causeway-emulator";
  hub_options.directory = run->directory + "/emulator";
  hub_options.ports = {(*ports)[0], (*ports)[1], (*ports)[2], (*ports)[3], (*ports)[4], (*ports)[5]};
  hub_options.devices = run->options.devices;
  hub_options.retry_after = run->options.retry_after;
  hub_options.latency = run->options.latency;
  hub_options.registry = true;
  hub_options.more = emulator_words(run->options);
  emulator_child hub{run->loop, hub_options};
  const auto configuration = run->directory + "/causeway.toml";
  if (auto written = hub.write_configuration(configuration); !written) co_return std::move(written).fault();
  if (auto set = set_first_poll(configuration, run->options); !set) co_return std::move(set).fault();
  if (auto set = set_links(configuration, run->options); !set) co_return std::move(set).fault();
  // A line for each device would be measured too.
  std::ofstream{configuration, std::ios::app} << "\n[log]\nlevel = \"warning\"\n";
  auto serving = co_await hub.start();
  if (!serving) co_return std::move(serving).fault();
  measured_run measured{*run, hub, hub_options.ports};
  auto figures = co_await measured.measure();
  co_await hub.stop();
  co_return figures;
}

net::task<> run_all(connect_run* run, std::string parent) {
  struct at_end {
    net::loop& loop;
    ~at_end() { loop.stop(); }
  } const ended{run->loop};
  for (std::uint32_t i = 0; i < run->options.runs && !run->fault && run->complete; ++i) {
    run->directory = parent + "/" + std::to_string(i);
    std::filesystem::create_directories(run->directory);
    auto figures = co_await run_once(run);
    if (!figures) {
      run->fault = std::move(figures).fault();
      co_return;
    }
    if (figures->online < run->options.devices) run->complete = false;
    run->done.push_back(std::move(*figures));
    std::filesystem::remove_all(run->directory);
  }
}

} // namespace

int measure_connect(const connect_options& options) {
  auto directory = (std::filesystem::path{options.directory} / "causeway-bench.XXXXXX").string();
  if (::mkdtemp(directory.data()) == nullptr) {
    std::cerr << "causeway-bench: no directory can be made in " << options.directory << '\n';
    return 1;
  }
  log::start(log::level::warning, log::format::logfmt);
  connect_run run;
  run.options = options;
  run.tasks.spawn("bench", net::restart_policy::never, [&] { return run_all(&run, directory); });
  run.loop.run();
  std::error_code ignored; // a directory that cannot be removed says nothing about the measurement
  std::filesystem::remove_all(directory, ignored);
  log::stop();
  if (run.fault) std::cerr << "causeway-bench: " << run.fault->name() << ": " << run.fault->message() << '\n';
  if (!run.done.empty()) {
    const auto text =
        options.json ? to_json(options, run.done, facts_of_machine()) + "\n" : to_text(options, run.done);
    std::cout << text << std::flush;
  }
  if (!run.complete) std::cerr << "causeway-bench: not all devices came online\n";
  return run.complete && !run.fault ? 0 : 1;
}

} // namespace causeway::bench
