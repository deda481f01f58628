// SPDX-License-Identifier: Apache-2.0
#include "causeway_bench/uplink_rig.h"

#include "base/log.h"
#include "causeway_bench/floor_settings.h"
#include "causeway_bench/machine.h"
#include "testbed/free_ports.h"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <unistd.h>

namespace causeway::bench {
namespace {

constexpr seconds start_patience{60};
constexpr seconds arrival_patience{60};
// What is under way from the broker has come by then, or never comes: nobody sends it again.
constexpr seconds mqtt_patience{3};
// The emulated Storage Integration shows an event late; the gateway is told a time that this is within.
constexpr const char* storage_delay = "1"; // s
constexpr const char* configured_storage_delay = "2s";
constexpr const char* mqtt_application = "mqtt-meters";
constexpr const char* mqtt_tenant = "emulated";
constexpr double mqtt_rate = 0.5; // uplinks a second of each device

net::task<result<std::string>> fetch(net::http_client* client, std::string url) {
  net::http_call call;
  call.url = std::move(url);
  auto answered = co_await client->call(std::move(call));
  if (!answered) co_return std::move(answered).fault();
  if (answered->status != 200) co_return error{errc::http_protocol, answered->body};
  co_return std::move(answered->body);
}

} // namespace

uplink_rig::uplink_rig(net::loop& on, net::task_group& tasks, rig_options options, std::string directory)
    : loop_{on}, tasks_{tasks}, options_{options}, directory_{std::move(directory)}, client_{on, {}} {}

double uplink_rig::metric(const std::string& page, const std::string& name) {
  const auto at = page.find("\n" + name + " ");
  return at == std::string::npos ? 0.0 : std::stod(page.substr(at + name.size() + 2));
}

// The same directory and options give the generator the devices and passwords of the emulator.
emulator::emulator_options uplink_rig::same_options() const {
  emulator::emulator_options same;
  same.directory = directory_ + "/emulator";
  same.hub_port = ports_.hub;
  same.dps_port = ports_.dps;
  same.control_port = ports_.control;
  same.stack_port = ports_.stack;
  same.hubs = options_.hubs;
  same.more_hub_ports = more_hub_ports_;
  same.devices = options_.devices;
  same.retry_after = 0;
  same.webhook_listen = "127.0.0.1:" + std::to_string(ports_.webhook);
  same.admin_listen = "127.0.0.1:" + std::to_string(ports_.admin);
  return same;
}

result<void> uplink_rig::write_configuration() {
  const auto plain = directory_ + "/plain.toml";
  if (auto written = hub_->write_configuration(plain); !written) return written;
  std::ifstream in{plain};
  std::ofstream out{configuration_, std::ios::binary};
  bool is_field = false;
  for (std::string line; std::getline(in, line);) {
    out << line << '\n';
    if (line == fmt::format("id = \"{}\"", emulator::field_application)) is_field = true;
    if (line == fmt::format("id = \"{}\"", emulator::plant_application)) is_field = false;
    if (line.starts_with("api_key_file") && options_.command_devices > 0)
      out << options_.command_keys << (is_field ? options_.field_keys : std::string{});
    if (line == "[things_stack]" && options_.backfill)
      out << fmt::format("storage_delay = \"{}\"\n", configured_storage_delay);
    if (line == "[webhook]" && options_.tls)
      out << fmt::format("tls_certificate = \"{0}/tls/server.pem\"\ntls_key = \"{0}/tls/server-key.pem\"\n",
                         directory_);
  }
  // A section of its own: devices of two applications that share one need names of which none can meet.
  if (options_.mqtt_devices > 0) {
    out << fmt::format("\n[azure.mqtt]\ndps_endpoint = \"localhost:{0}\"\nid_scope = \"{1}\"\n"
                       "group_key_file = \"{2}/emulator/group-key\"\nca_file = \"{2}/emulator/ca.pem\"\n"
                       "registrations_per_minute = 1000000\ntier = \"S3\"\nunits = 10\n",
                       ports_.dps, emulator::id_scope, directory_);
    out << fmt::format("\n[[application]]\nid = \"{0}\"\nazure = \"mqtt\"\ningress = [\"mqtt\"]\n"
                       "identity = \"mqtt.{{device_id}}\"\n"
                       "api_key_file = \"{1}/mqtt-key\"\nmqtt_key_file = \"{1}/mqtt-key\"\nbackfill = {2}\n",
                       mqtt_application, directory_, options_.backfill);
  }
  if (options_.spool_messages > 0)
    out << fmt::format("\n[spool]\nmax_messages = {}\n", options_.spool_messages);
  out.close();
  if (!out) return error{errc::state_unusable, configuration_};
  return {};
}

net::task<result<void>> uplink_rig::start_broker() {
  const auto made = emulator::installation::prepare(same_options());
  if (!made) co_return made.fault();
  std::vector<broker_child::user> users{{"stack", made->seed("broker"), true}};
  for (const auto* application : {emulator::plant_application, emulator::field_application, mqtt_application})
    users.push_back({fmt::format("{}@{}", application, mqtt_tenant), made->api_key_of(application), false});
  std::ofstream key{directory_ + "/mqtt-key", std::ios::binary};
  key << made->api_key_of(mqtt_application) << '\n';
  key.close();
  if (!key) co_return error{errc::state_unusable, directory_ + "/mqtt-key"};
  broker_.emplace(loop_, directory_ + "/broker", broker_port_);
  auto started = co_await broker_->start(std::move(users));
  co_return started;
}

net::task<result<void>> uplink_rig::register_mqtt_devices() {
  for (std::uint32_t i = 1; i <= options_.mqtt_devices; ++i) {
    auto put = co_await hub_->put_registered(mqtt_application, emulator::device_name("mqtt-", i));
    if (!put) co_return put;
  }
  co_return result<void>{};
}

// The floor does no provisioning: the devices that come through DPS get their identities here.
net::task<result<void>> uplink_rig::prepare_floor() {
  const auto made = emulator::installation::prepare(same_options());
  if (!made) co_return made.fault();
  floor_settings settings;
  settings.webhook_port = ports_.webhook;
  settings.admin_port = ports_.admin;
  settings.directory = directory_ + "/floor";
  settings.hub = made->hub_host(0);
  settings.ca_file = made->path_of("ca.pem");
  settings.connection_string_file = made->path_of("plant-connection-string");
  settings.group_key_file = made->path_of("group-key");
  if (options_.tls) {
    settings.certificate_file = directory_ + "/tls/server.pem";
    settings.key_file = directory_ + "/tls/server-key.pem";
  }
  for (const auto& one : made->applications()) {
    const bool by_policy = one.id == emulator::plant_application;
    settings.applications.push_back({one.id, one.authorization, by_policy, one.devices});
    for (std::size_t i = 0; !by_policy && i < one.devices.size(); ++i) {
      auto put = co_await hub_->put_identity(one.devices[i]);
      if (!put) co_return put;
    }
  }
  std::filesystem::create_directories(settings.directory);
  co_return write_floor_settings(settings, configuration_);
}

net::task<result<void>> uplink_rig::start() {
  auto ports = find_free_ports(loop_, 8 + options_.hubs - 1);
  if (!ports) co_return std::move(ports).fault();
  ports_ = {(*ports)[0], (*ports)[1], (*ports)[2], (*ports)[3], (*ports)[4], (*ports)[5]};
  broker_port_ = (*ports)[6];
  service_port_ = (*ports)[7];
  more_hub_ports_.assign(ports->begin() + 8, ports->end());
  const bool is_floor = options_.program == rig_program::floor;
  configuration_ = directory_ + (is_floor ? "/floor.json" : "/causeway.toml");
  if (options_.tls) {
    auto made = net::make_certificates(directory_ + "/tls", {"localhost", "127.0.0.1"}, *options_.tls);
    if (!made) co_return std::move(made).fault();
    ca_file_ = directory_ + "/tls/ca.pem";
  }
  emulator_options hub_options;
  hub_options.program = program_directory() + "/causeway-emulator";
  hub_options.directory = directory_ + "/emulator";
  hub_options.ports = ports_;
  hub_options.devices = options_.devices;
  hub_options.retry_after = 0;
  if (options_.hubs > 1) {
    hub_options.more = {"--hubs", std::to_string(options_.hubs)};
    for (const auto port : more_hub_ports_)
      hub_options.more.insert(hub_options.more.end(), {"--more-hub-ports", std::to_string(port)});
  }
  if (options_.command_devices > 0) {
    hub_options.registry = true;
    hub_options.more.insert(hub_options.more.end(), {"--service-port", std::to_string(service_port_)});
  }
  if (options_.mqtt_devices > 0) {
    if (auto broker = co_await start_broker(); !broker) co_return broker;
    const auto made = emulator::installation::prepare(same_options());
    if (!made) co_return made.fault();
    for (const auto& word :
         {std::string{"--mqtt-broker"}, broker_->address(), std::string{"--mqtt-username"},
          std::string{"stack"}, std::string{"--mqtt-password"}, made->seed("broker"),
          std::string{"--mqtt-tenant"}, std::string{mqtt_tenant}, std::string{"--storage-kept"},
          std::string{"1000000"}, std::string{"--storage-delay"}, std::string{storage_delay}})
      hub_options.more.push_back(word);
  }
  hub_.emplace(loop_, hub_options);
  if (!is_floor) {
    if (auto written = write_configuration(); !written) co_return std::move(written).fault();
  }
  auto serving = co_await hub_->start();
  if (!serving) co_return std::move(serving).fault();
  if (auto known = co_await register_mqtt_devices(); !known) co_return known;
  if (is_floor) {
    auto prepared = co_await prepare_floor();
    if (!prepared) co_return prepared;
  }
  if (auto launched = launch_gateway(); !launched) co_return std::move(launched).fault();
  auto ready = co_await wait_until_ready();
  if (!ready) co_return std::move(ready).fault();

  const auto made = emulator::installation::prepare(same_options());
  if (!made) co_return made.fault();
  applications_ = made->applications();
  for (auto& application : applications_)
    if (options_.tls) application.url.replace(0, 4, "https");
  stack_.emplace(loop_, tasks_, stored_, made->seed("bench"));

  // First every device is brought online, so that what is measured is the steady state.
  emulator::simulation_plan warm_up;
  warm_up.applications = applications_;
  warm_up.uplinks = options_.devices;
  warm_up.concurrency = 64;
  // Past the emulated stack: with real ones its record would have to show them.
  warm_up.simulated = options_.command_devices > 0;
  if (auto begun = stack_->start(std::move(warm_up), ca_file_); !begun) co_return std::move(begun).fault();
  auto arrived = co_await wait_for_arrivals();
  if (!arrived) co_return std::move(arrived).fault();
  const auto figures = co_await hub_->figures();
  if (!figures) co_return figures.fault();
  if (figures->unique < options_.devices)
    co_return error{errc::hub_answer_missing,
                    fmt::format("{} of {} devices came online", figures->unique, options_.devices)};
  if (options_.command_devices > 0) set_command_devices_apart();
  auto cleared = co_await hub_->clear_arrivals();
  co_return cleared;
}

void uplink_rig::set_command_devices_apart() {
  auto left = applications_.size();
  for (auto& application : applications_) {
    const auto count = (options_.command_devices - commanded_.size()) / left--;
    for (std::size_t i = 0; i < count; ++i)
      commanded_.emplace_back(application.id, application.devices[i]);
    application.devices.erase(application.devices.begin(),
                              application.devices.begin() + static_cast<std::ptrdiff_t>(count));
  }
}

result<void> uplink_rig::launch_gateway() {
  std::vector<std::string> arguments{program_directory() + "/causeway", "run", "-c", configuration_};
  if (options_.program == rig_program::floor)
    arguments = {program_directory() + "/causeway-bench-floor", configuration_};
  auto started = net::process::start(loop_, arguments, true);
  if (!started) return std::move(started).fault();
  gateway_.emplace(std::move(*started));
  return {};
}

net::task<result<void>> uplink_rig::wait_until_ready() {
  const auto url = "http://127.0.0.1:" + std::to_string(ports_.admin) + "/readyz";
  const auto deadline = loop_.now().mono + start_patience;
  while (gateway_->running() && loop_.now().mono < deadline) {
    const auto ready = co_await fetch(&client_, url);
    if (ready) co_return result<void>{};
    static_cast<void>(co_await net::sleep_for(milliseconds{10}));
  }
  if (!gateway_->running())
    co_return error{errc::process_exited,
                    options_.program == rig_program::floor ? "causeway-bench-floor" : "causeway"};
  co_return error{errc::connection_timed_out, url};
}

net::task<> uplink_rig::freeze_gateway(milliseconds how_long) {
  gateway_->send_signal(SIGSTOP);
  static_cast<void>(co_await net::sleep_for(how_long));
  gateway_->send_signal(SIGCONT);
}

net::task<> uplink_rig::end_gateway(int signal) {
  cpu_of_ended_ += cpu_seconds_of(gateway_->pid());
  gateway_->send_signal(signal);
  static_cast<void>(co_await gateway_->wait());
  gateway_.reset();
}

net::task<> uplink_rig::stop() {
  if (gateway_) co_await end_gateway(SIGTERM);
  if (hub_) co_await hub_->stop();
}

result<void> uplink_rig::send(double rate, std::chrono::milliseconds how_long) {
  emulator::simulation_plan plan;
  plan.applications = applications_;
  plan.duration = how_long;
  plan.rate = rate;
  plan.concurrency = options_.posts;
  plan.connections = options_.connections;
  plan.http2 = options_.http2;
  return stack_->start(std::move(plan), ca_file_);
}

net::task<result<void>> uplink_rig::send_by_mqtt(std::chrono::milliseconds how_long) {
  auto begun = co_await hub_->simulate(fmt::format(
      R"({{"seconds":{},"rate":{},"concurrency":64,"applications":[{{"id":"{}","devices":{},"prefix":"mqtt-","identity_prefix":"mqtt.",)"
      R"("by":"mqtt","webhook":"http://127.0.0.1"}}]}})",
      std::chrono::duration<double>{how_long}.count(), mqtt_rate * options_.mqtt_devices, mqtt_application,
      options_.mqtt_devices));
  co_return begun;
}

net::task<result<void>> uplink_rig::wait_for_mqtt() {
  const auto whole = fmt::format("causeway_backfill_whole{{application=\"{}\"}}", mqtt_application);
  std::uint64_t last = ~std::uint64_t{0};
  auto changed = loop_.now().mono;
  while (true) {
    const auto page = co_await metrics();
    const bool empty = page && metric(*page, "causeway_spool_messages") == 0;
    const bool done = empty && (!options_.backfill || metric(*page, whole) == 1);
    const auto patience = empty && !options_.backfill ? mqtt_patience : arrival_patience;
    const auto figures = co_await hub_->figures();
    if (!figures) co_return figures.fault();
    const auto now = loop_.now().mono;
    if (figures->mqtt.missing != std::exchange(last, figures->mqtt.missing) || figures->running)
      changed = now;
    else if ((done && last == 0) || now - changed > patience)
      co_return result<void>{};
    static_cast<void>(co_await net::sleep_for(milliseconds{100}));
  }
}

net::task<result<void>> uplink_rig::wait_for_arrivals() {
  std::uint64_t last = 0;
  auto changed = loop_.now().mono;
  while (true) {
    static_cast<void>(co_await net::sleep_for(milliseconds{stack_->running() ? 100 : 5}));
    if (stack_->running()) {
      changed = loop_.now().mono;
      continue;
    }
    const auto figures = co_await hub_->figures();
    if (!figures) co_return figures.fault();
    const auto now = loop_.now().mono;
    if (figures->unique != std::exchange(last, figures->unique)) changed = now;
    if (now - changed > arrival_patience) co_return result<void>{};
    if (last < books().totals().accepted) continue;
    // What got no answer may have been stored all the same.
    const auto page = co_await metrics();
    if (page && metric(*page, "causeway_spool_messages") == 0) co_return result<void>{};
  }
}

net::task<result<delivery>> uplink_rig::compare() {
  const auto figures = co_await hub_->figures();
  if (!figures) co_return figures.fault();
  auto arrived = co_await hub_->arrived_uplinks();
  if (!arrived) co_return std::move(arrived).fault();
  for (const auto& [device, ranges] : *arrived) {
    emulator::arrival entry;
    entry.device = identity{device};
    for (const auto& [first, last] : ranges)
      for (auto marker = first; marker <= last; ++marker) {
        entry.marker = marker;
        stack_->on_arrival(entry);
      }
  }
  // A post without an answer may have been accepted behind the device's next one: its order is nobody's
  // promise.
  const auto late = co_await hub_->late_uplinks();
  if (!late) co_return late.fault();
  std::uint64_t overtaken = 0, unpromised = 0;
  // What a device says that gets commands is held up behind its pushes, and comes all at once.
  const auto is_set_apart = [this](const std::string& device) {
    return std::any_of(commanded_.begin(), commanded_.end(),
                       [&](const auto& one) { return one.second == device; });
  };
  for (const auto& [device, marker] : *late)
    if (!is_set_apart(device)) ++(books().was_unanswered(device, marker) ? unpromised : overtaken);
  delivery out;
  out.accepted = books().totals().accepted;
  out.delivered = books().totals().delivered;
  out.lost = books().missing();
  out.duplicates = figures->arrived_twice;
  out.duplicates_unrecognisable = figures->unrecognisable;
  out.out_of_order = overtaken - std::min(overtaken, figures->mqtt.out_of_order);
  out.unanswered_late = unpromised;
  out.mqtt_published = figures->mqtt.published;
  out.mqtt_missed = figures->mqtt.missing;
  out.mqtt_out_of_order = figures->mqtt.out_of_order;
  co_return out;
}

int uplink_rig::gateway_pid() {
  return gateway_ && gateway_->running() ? gateway_->pid() : 0;
}

cpu_use uplink_rig::cpu() {
  const int pid = gateway_pid();
  return {cpu_of_ended_ + (pid == 0 ? 0 : cpu_seconds_of(pid)), cpu_seconds_of(hub_->pid()),
          cpu_seconds_of(::getpid())};
}

net::task<result<std::string>> uplink_rig::metrics() {
  return fetch(&client_, "http://127.0.0.1:" + std::to_string(ports_.admin) + "/metrics");
}

int run_in_directory(
    const std::string& where,
    const std::function<net::task<>(net::loop*, net::task_group*, std::string, int*)>& work) {
  auto directory = (std::filesystem::path{where} / "causeway-bench.XXXXXX").string();
  if (::mkdtemp(directory.data()) == nullptr) {
    std::cerr << "causeway-bench: no directory can be made in " << where << '\n';
    return 1;
  }
  log::start(log::level::warning, log::format::logfmt);
  int exit_code = 1;
  {
    net::loop loop;
    net::task_group tasks{loop};
    tasks.spawn("bench", net::restart_policy::never,
                [&] { return work(&loop, &tasks, directory, &exit_code); });
    loop.run();
  }
  std::error_code ignored; // a directory that cannot be removed says nothing about the measurement
  std::filesystem::remove_all(directory, ignored);
  log::stop();
  return exit_code;
}

} // namespace causeway::bench
