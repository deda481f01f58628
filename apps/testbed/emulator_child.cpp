// SPDX-License-Identifier: Apache-2.0
#include "testbed/emulator_child.h"

#include <boost/json.hpp>

#include <array>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace causeway {
namespace {

namespace json = boost::json;

constexpr seconds start_patience{20};
constexpr std::size_t longest_answer = 256U * 1024 * 1024; // a book of 100,000 downlinks

std::string quoted_for_shell(const std::string& word) {
  std::string out = "'";
  for (const char c : word)
    out += c == '\'' ? std::string{"'\\''"} : std::string{c};
  return out + "'";
}

double number(const json::object& from, std::string_view key) {
  const auto* found = from.if_contains(key);
  return found != nullptr && found->is_number() ? found->to_number<double>() : 0.0;
}

std::uint64_t count(const json::object& from, std::string_view key) {
  return static_cast<std::uint64_t>(number(from, key));
}

std::int64_t unix_ms(const json::object& from, std::string_view key) {
  return static_cast<std::int64_t>(number(from, key));
}

std::vector<std::uint64_t> counts(const json::object& from, std::string_view key) {
  std::vector<std::uint64_t> out;
  const auto* found = from.if_contains(key);
  if (found == nullptr || !found->is_array()) return out;
  for (const auto& one : found->as_array())
    if (one.is_number()) out.push_back(one.to_number<std::uint64_t>());
  return out;
}

void read_quantiles(const json::object& from, std::string_view key, double& p50_ms, double& p99_ms) {
  const auto* found = from.if_contains(key);
  if (found == nullptr || !found->is_object()) return;
  p50_ms = number(found->as_object(), "p50_ms");
  p99_ms = number(found->as_object(), "p99_ms");
}

std::vector<emulator_figures::of_hub> read_hubs(const json::object& arrivals) {
  std::vector<emulator_figures::of_hub> out;
  const auto* hubs = arrivals.if_contains("by_hub");
  if (hubs == nullptr || !hubs->is_array()) return out;
  for (const auto& one : hubs->as_array()) {
    if (!one.is_object()) continue;
    const auto& hub = one.as_object();
    emulator_figures::of_hub figures;
    figures.unique = count(hub, "unique");
    figures.attached = count(hub, "attached");
    read_quantiles(hub, "latency", figures.latency_p50_ms, figures.latency_p99_ms);
    if (const auto* latency = hub.if_contains("latency"); latency != nullptr && latency->is_object())
      figures.latency_max_ms = number(latency->as_object(), "max_ms");
    out.push_back(figures);
  }
  return out;
}

result<json::object> parse_object(const std::string& text) {
  boost::system::error_code fault;
  auto value = json::parse(text, fault);
  if (fault || !value.is_object())
    return error{errc::http_protocol, "the emulator's answer is no JSON object"};
  return std::move(value.as_object());
}

} // namespace

std::string program_directory() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path().string();
}

emulator_child::emulator_child(net::loop& on, emulator_options options)
    : loop_{on}, options_{std::move(options)}, client_{on, {}} {}

std::vector<std::string> emulator_child::arguments() const {
  const auto& p = options_.ports;
  std::vector<std::string> words{options_.program,
                                 "--directory",
                                 options_.directory,
                                 "--hub-port",
                                 std::to_string(p.hub),
                                 "--dps-port",
                                 std::to_string(p.dps),
                                 "--control-port",
                                 std::to_string(p.control),
                                 "--stack-port",
                                 std::to_string(p.stack),
                                 "--webhook-listen",
                                 "127.0.0.1:" + std::to_string(p.webhook),
                                 "--admin-listen",
                                 "127.0.0.1:" + std::to_string(p.admin),
                                 "--devices",
                                 std::to_string(options_.devices),
                                 "--retry-after",
                                 std::to_string(options_.retry_after),
                                 "--latency",
                                 options_.latency,
                                 "--log-level",
                                 "warning"};
  words.insert(words.end(), options_.more.begin(), options_.more.end());
  return words;
}

result<void> emulator_child::write_configuration(const std::string& file) const {
  std::string line;
  for (const auto& word : arguments())
    line += quoted_for_shell(word) + " ";
  std::FILE* pipe = ::popen((line + "--print-config").c_str(), "r");
  if (pipe == nullptr) return error{errc::process_exited, options_.program};
  std::string text;
  std::array<char, 4096> buffer{};
  while (const auto got = std::fread(buffer.data(), 1, buffer.size(), pipe))
    text.append(buffer.data(), got);
  if (::pclose(pipe) != 0 || text.empty())
    return error{errc::process_exited, options_.program + " --print-config"};
  std::ofstream out{file, std::ios::binary};
  std::istringstream lines{text};
  for (std::string one; std::getline(lines, one);)
    if (options_.registry || !one.starts_with("api_key_file")) out << one << '\n';
  out.close();
  if (!out) return error{errc::state_unusable, file};
  return {};
}

net::task<result<void>> emulator_child::start() {
  auto started = net::process::start(loop_, arguments(), true);
  if (!started) co_return std::move(started).fault();
  process_.emplace(std::move(*started));
  const auto deadline = loop_.now().mono + start_patience;
  while (process_->running() && loop_.now().mono < deadline) {
    const auto answered = co_await get("/healthz");
    if (answered) co_return result<void>{};
    const bool going_on = co_await net::sleep_for(milliseconds{20});
    if (!going_on) co_return error{errc::stopped};
  }
  if (!process_->running()) co_return error{errc::process_exited, options_.program};
  co_return error{errc::connection_timed_out, options_.program + " does not serve"};
}

net::task<result<std::string>> emulator_child::ask(std::string method, std::string path, std::string body,
                                                   int expected) {
  net::http_call call;
  call.method = std::move(method);
  call.url = "http://127.0.0.1:" + std::to_string(options_.ports.control) + path;
  call.headers = {{"Content-Type", "application/json"}};
  call.body = std::move(body);
  call.max_answer = longest_answer;
  auto answered = co_await client_.call(std::move(call));
  if (!answered) co_return std::move(answered).fault();
  if (answered->status / 100 != expected / 100)
    co_return error{errc::http_protocol, path + ": " + answered->body};
  co_return std::move(answered->body);
}

net::task<result<std::string>> emulator_child::get(std::string path) {
  auto answered = co_await ask("GET", std::move(path), {}, 200);
  co_return answered;
}

net::task<result<void>> emulator_child::simulate(std::string plan) {
  auto answered = co_await ask("POST", "/simulation", std::move(plan), 201);
  if (!answered) co_return std::move(answered).fault();
  co_return result<void>{};
}

net::task<result<void>> emulator_child::stop_simulation() {
  auto answered = co_await ask("POST", "/simulation/stop", {}, 200);
  if (!answered) co_return std::move(answered).fault();
  co_return result<void>{};
}

net::task<result<void>> emulator_child::put_registered(std::string application, std::string device) {
  auto answered = co_await ask("PUT", "/registry/" + application + "/" + device, "{}", 201);
  if (!answered) co_return std::move(answered).fault();
  co_return result<void>{};
}

net::task<result<void>> emulator_child::put_identity(std::string name) {
  auto answered = co_await ask("PUT", "/devices/" + name, "{}", 201);
  if (!answered) co_return std::move(answered).fault();
  co_return result<void>{};
}

net::task<result<void>> emulator_child::clear_arrivals() {
  auto answered = co_await ask("DELETE", "/ledger", {}, 200);
  if (!answered) co_return std::move(answered).fault();
  co_return result<void>{};
}

net::task<result<void>> emulator_child::clear_latency() {
  auto answered = co_await ask("DELETE", "/ledger/latency", {}, 200);
  if (!answered) co_return std::move(answered).fault();
  co_return result<void>{};
}

net::task<result<void>> emulator_child::add_fault(std::string fault) {
  auto answered = co_await ask("POST", "/faults", std::move(fault), 201);
  if (!answered) co_return std::move(answered).fault();
  co_return result<void>{};
}

net::task<result<void>> emulator_child::clear_faults() {
  auto answered = co_await ask("DELETE", "/faults", {}, 200);
  if (!answered) co_return std::move(answered).fault();
  co_return result<void>{};
}

net::task<result<std::vector<std::pair<std::string, emulator_child::uplink_ranges>>>>
emulator_child::arrived_uplinks() {
  const auto text = co_await get("/ledger/uplinks");
  if (!text) co_return text.fault();
  const auto answer = parse_object(*text);
  if (!answer) co_return answer.fault();
  std::vector<std::pair<std::string, uplink_ranges>> out;
  const auto* devices = answer->if_contains("devices");
  if (devices == nullptr || !devices->is_object())
    co_return error{errc::http_protocol, "the emulator lists no uplinks"};
  for (const auto& [device, ranges] : devices->as_object()) {
    auto& into = out.emplace_back(device, uplink_ranges{}).second;
    for (const auto& range : ranges.as_array())
      into.emplace_back(range.at(0).to_number<std::uint64_t>(), range.at(1).to_number<std::uint64_t>());
  }
  co_return out;
}

net::task<result<std::vector<std::pair<std::string, std::uint64_t>>>> emulator_child::late_uplinks() {
  const auto text = co_await get("/ledger/uplinks");
  if (!text) co_return text.fault();
  const auto answer = parse_object(*text);
  if (!answer) co_return answer.fault();
  std::vector<std::pair<std::string, std::uint64_t>> out;
  const auto* devices = answer->if_contains("out_of_order");
  if (devices == nullptr || !devices->is_object())
    co_return error{errc::http_protocol, "the emulator lists no late uplinks"};
  for (const auto& [device, markers] : devices->as_object())
    for (const auto& marker : markers.as_array())
      out.emplace_back(device, marker.to_number<std::uint64_t>());
  co_return out;
}

net::task<result<void>> emulator_child::clear_dps() {
  auto answered = co_await ask("DELETE", "/dps", {}, 200);
  if (!answered) co_return std::move(answered).fault();
  co_return result<void>{};
}

net::task<result<emulator_figures>> emulator_child::figures() {
  emulator_figures out;
  const auto arrivals_text = co_await get("/ledger");
  if (!arrivals_text) co_return arrivals_text.fault();
  const auto dps_text = co_await get("/dps");
  if (!dps_text) co_return dps_text.fault();
  const auto simulation_text = co_await get("/simulation");
  if (!simulation_text) co_return simulation_text.fault();
  const auto arrivals = parse_object(*arrivals_text), dps = parse_object(*dps_text),
             simulation = parse_object(*simulation_text);
  if (!arrivals || !dps || !simulation)
    co_return error{errc::http_protocol, "the emulator's answer is no JSON object"};

  out.attached = count(*arrivals, "attached");
  out.put_tokens = count(*arrivals, "put_tokens");
  out.attaches = count(*arrivals, "attaches");
  out.c2d_links = count(*arrivals, "c2d_links");
  if (const auto* twins = arrivals->if_contains("twins"); twins != nullptr && twins->is_object())
    out.twin_reads = count(twins->as_object(), "reads");
  out.connections = count(*arrivals, "connections");
  out.connections_open = count(*arrivals, "connections_open");
  out.connects_in_busiest_second = count(*arrivals, "connects_in_busiest_second");
  out.throttled_connects = count(*arrivals, "throttled_connects");
  out.sends_throttled = count(*arrivals, "sends_throttled");
  out.first_attach_ms = unix_ms(*arrivals, "first_attach_ms");
  out.last_attach_ms = unix_ms(*arrivals, "last_attach_ms");
  out.arrived = count(*arrivals, "accepted");
  out.unique = count(*arrivals, "unique");
  out.arrived_twice = count(*arrivals, "duplicates");
  out.arrived_out_of_order = count(*arrivals, "out_of_order");
  out.unrecognisable = count(*arrivals, "duplicates_unrecognisable");
  out.by_hub = read_hubs(*arrivals);
  read_quantiles(*arrivals, "latency", out.latency_p50_ms, out.latency_p99_ms);
  out.registrations = count(*dps, "registrations");
  out.polls = count(*dps, "polls");
  out.dps_requests = count(*dps, "requests");
  out.accepted_registrations = count(*dps, "accepted_registrations");
  out.dps_throttled = count(*dps, "throttled");
  out.first_registration_ms = unix_ms(*dps, "first_registration_ms");
  out.last_registration_ms = unix_ms(*dps, "last_registration_ms");
  out.accepted_by_minute = counts(*dps, "accepted_by_minute");
  const auto* running = simulation->if_contains("running");
  out.running = running != nullptr && running->is_bool() && running->as_bool();
  out.sent = count(*simulation, "sent");
  out.accepted = count(*simulation, "accepted");
  out.refused = count(*simulation, "refused");
  out.delivered = count(*simulation, "delivered");
  out.lost = count(*simulation, "lost");
  out.duplicates = count(*simulation, "duplicates");
  out.out_of_order = count(*simulation, "out_of_order");
  out.seconds = number(*simulation, "seconds");
  read_quantiles(*simulation, "http", out.http_p50_ms, out.http_p99_ms);
  read_quantiles(*simulation, "end_to_end", out.end_to_end_p50_ms, out.end_to_end_p99_ms);
  if (const auto* mqtt = simulation->if_contains("mqtt"); mqtt != nullptr && mqtt->is_object()) {
    const auto& shown = mqtt->as_object();
    out.mqtt = {count(shown, "published"), count(shown, "delivered"), count(shown, "missing"),
                count(shown, "duplicates"), count(shown, "out_of_order")};
  }
  co_return out;
}

net::task<> emulator_child::stop() {
  if (!process_) co_return;
  process_->send_signal(SIGTERM);
  static_cast<void>(co_await process_->wait());
  process_.reset();
}

} // namespace causeway
