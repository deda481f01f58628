// SPDX-License-Identifier: Apache-2.0
#include "causeway_bench/sequential.h"

#include "azure/connection_string.h"
#include "azure/names.h"
#include "base/encoding.h"
#include "base/log.h"
#include "config/loader.h"
#include "dps/registration.h"
#include "hub/connection.h"
#include "model/timeline.h"
#include "net/http_client.h"
#include "net/stream.h"
#include "net/task_group.h"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <sys/resource.h>

#include <cstdlib>
#include <fstream>
#include <iostream>

namespace causeway::bench {
namespace {

namespace json = boost::json;

constexpr device_ref only_device{0};
constexpr milliseconds keeping_interval{1'000};

// Signs for one device: with its own key, or with the hub's policy for it.
class plain_tokens final : public hub::token_source {
public:
  plain_tokens(azure::hub_address hub, azure::signing_key key, std::string policy)
      : hub_{std::move(hub)}, key_{std::move(key)}, policy_{std::move(policy)} {}
  secret device_token(device_ref, const identity& name, wall_time expiry) override {
    return azure::make_sas_token(azure::device_resource(hub_, name), key_, expiry, policy_);
  }
  secret policy_token(wall_time) override { return secret{}; }

private:
  azure::hub_address hub_;
  azure::signing_key key_;
  std::string policy_;
};

// One device with its connection. The reader takes bytes in; who writes is connect_device until the device is
// attached, and the keeper from then on.
struct plain_line {
  plain_tokens tokens;
  net::stream stream;
  hub::connection connection;

  plain_line(plain_tokens t, net::stream s, hub::connection_options options, moment now)
      : tokens{std::move(t)}, stream{std::move(s)}, connection{std::move(options), tokens, now} {}
};

struct target {
  azure::hub_address hub;
  identity device;
  azure::signing_key key;
  std::string policy; // empty: the key is the device's own
};

struct plain_client {
  sequential_options options;
  config::configuration settings;
  net::loop loop;
  net::task_group tasks{loop};
  std::vector<std::unique_ptr<plain_line>> lines; // those online
  std::ofstream spans;
  int exit_code = 0;

  plain_client(sequential_options o, config::configuration s)
      : options{std::move(o)}, settings{std::move(s)} {}

  void note(const std::string& device, model::phase what, mono_time begun, std::chrono::nanoseconds lasted) {
    if (!spans.is_open()) return;
    const auto ms = [](auto duration) { return std::chrono::duration<double, std::milli>(duration).count(); };
    spans << fmt::format("{{\"device\":{},\"phase\":\"{}\",\"begin_ms\":{:.3f},\"duration_ms\":{:.3f}}}\n",
                         json_quoted(device), model::to_string(what), ms(begun.time_since_epoch()),
                         ms(lasted));
    spans.flush();
  }
};

// The ids of an application's devices, page after page.
net::task<result<std::vector<std::string>>> list_devices(plain_client* self,
                                                         const config::application_settings* application) {
  std::vector<std::string> names;
  net::http_client client{self->loop, {self->settings.things_stack.ca_file.string()}};
  for (int page = 1;; ++page) {
    net::http_call call;
    call.url = fmt::format("{}/api/v3/applications/{}/devices?field_mask=attributes&limit=1000&page={}",
                           self->settings.things_stack.base_url, application->id.str(), page);
    call.headers = {{"Authorization", "Bearer " + std::string{application->api_key->reveal()}}};
    call.max_answer = 16 * 1024 * 1024;
    auto answered = co_await client.call(std::move(call));
    if (!answered) co_return std::move(answered).fault();
    boost::system::error_code fault;
    const auto body = json::parse(answered->body, fault);
    if (answered->status != 200 || fault || !body.is_object())
      co_return error{errc::registry_protocol, fmt::format("status {}", answered->status)};
    const auto* devices = body.as_object().if_contains("end_devices");
    if (devices == nullptr) co_return names;
    for (const auto& one : devices->as_array())
      names.emplace_back(one.at("ids").at("device_id").as_string());
  }
}

// A registration on a connection of its own: register, wait as told, poll.
net::task<result<target>> register_device(plain_client* self, const config::azure_settings* section,
                                          const config::application_settings* application, std::string name) {
  const auto id = registration_id{to_lower(name)};
  const auto group_key = azure::signing_key::parse(*section->dps->group_key, "group_key");
  if (!group_key) co_return group_key.fault();
  auto key = azure::derive_device_key(*group_key, id.str());
  dps::registration registration{section->dps->id_scope, id, key.clone(), application->model_id};
  net::http_client client{self->loop, {section->ca_file.string()}};
  while (!registration.outcome()) {
    const auto begun = self->loop.now();
    auto request = registration.next_request(begun);
    if (!request) {
      if (registration.outcome()) break;
      const auto wait = registration.due() - begun.mono;
      const bool going_on = co_await net::sleep_for(wait);
      if (!going_on) co_return error{errc::stopped};
      self->note(name, model::phase::dps_wait, begun.mono, self->loop.now().mono - begun.mono);
      continue;
    }
    net::http_call call;
    call.method = request->method;
    call.url = "https://" + section->dps->endpoint + request->path_and_query;
    call.headers = std::move(request->headers);
    call.body = std::move(request->body);
    auto answered = co_await client.call(std::move(call));
    const auto now = self->loop.now();
    const bool first = request->kind == dps::request_kind::register_device;
    self->note(name, first ? model::phase::dps_register : model::phase::dps_poll, begun.mono,
               now.mono - begun.mono);
    if (answered)
      static_cast<void>(
          registration.on_response(answered->status, answered->headers, answered->body, now, 0.5));
    else
      static_cast<void>(registration.on_transport_error(std::move(answered).fault(), now, 0.5));
  }
  const auto& outcome = *registration.outcome();
  if (!outcome) co_return outcome.fault();
  auto hub = azure::parse_hub_address(outcome->hub.str());
  if (!hub) co_return hub.fault();
  co_return target{std::move(*hub), outcome->device, std::move(key), {}};
}

net::task<> read_line(plain_client* self, plain_line* line) {
  std::string buffer(16 * 1024, '\0');
  while (true) {
    auto got = co_await line->stream.read_some(buffer);
    if (!got) {
      line->connection.on_stream_end(got.fault(), self->loop.now());
      co_return;
    }
    line->connection.on_bytes(std::string_view{buffer}.substr(0, *got), self->loop.now());
  }
}

// A connection with the one device on it. Returns when its links are up.
net::task<result<void>> connect_device(plain_client* self, const config::azure_settings* section,
                                       const config::application_settings* application, target to,
                                       std::string name) {
  auto begun = self->loop.now().mono;
  auto tls = net::tls_client_context::make(section->ca_file.string());
  if (!tls) co_return tls.fault();
  net::connect_options how;
  how.host = to.hub.host;
  how.port = to.hub.port;
  how.tls = std::move(*tls);
  auto connected = co_await net::connect(std::move(how));
  if (!connected) co_return std::move(connected).fault();
  const auto& timing = connected->timing;
  self->note(name, model::phase::dns, begun, timing.dns);
  self->note(name, model::phase::tcp, begun + timing.dns, timing.tcp);
  self->note(name, model::phase::tls, begun + timing.dns + timing.tcp, timing.tls);

  hub::connection_options options;
  options.host = to.hub.id();
  options.container_id = "sequential-" + hex_encode(name);
  options.max_devices = 1;
  options.client_version = "causeway-bench";
  auto line = std::make_unique<plain_line>(plain_tokens{to.hub, std::move(to.key), std::move(to.policy)},
                                           std::move(connected->bytes), std::move(options), self->loop.now());
  auto& connection = line->connection;
  hub::link_wish wish;
  wish.model_id = application->model_id;
  wish.commands = application->commands;
  connection.attach(only_device, to.device, wish, self->loop.now());
  std::string buffer(16 * 1024, '\0'), out;
  while (true) {
    for (auto& event : connection.take_events()) {
      const auto now = self->loop.now().mono;
      if (const auto* open = std::get_if<hub::opened>(&event)) {
        self->note(name, model::phase::open, now - open->cbs - open->open, open->open);
        self->note(name, model::phase::cbs_link, now - open->cbs, open->cbs);
      } else if (const auto* up = std::get_if<hub::attached>(&event)) {
        self->note(name, model::phase::cbs, now - up->attach - up->cbs, up->cbs);
        self->note(name, model::phase::attach, now - up->attach, up->attach);
        auto* kept = line.get();
        self->lines.push_back(std::move(line));
        self->tasks.spawn("read " + name, net::restart_policy::never,
                          [self, kept] { return read_line(self, kept); });
        co_return result<void>{};
      } else if (const auto* gone = std::get_if<hub::detached>(&event)) {
        co_return gone->why;
      } else if (const auto* end = std::get_if<hub::closed>(&event)) {
        co_return end->why;
      }
    }
    out.clear();
    if (connection.take_output(out)) {
      auto written = co_await line->stream.write(out);
      if (!written) co_return std::move(written).fault();
    }
    auto got = co_await line->stream.read_some(buffer);
    if (!got) co_return std::move(got).fault();
    connection.on_bytes(std::string_view{buffer}.substr(0, *got), self->loop.now());
  }
}

net::task<result<void>> bring_online(plain_client* self, const config::application_settings* application,
                                     std::string name) {
  const auto& section = self->settings.azure_of(application->azure);
  if (section.dps) {
    auto registered = co_await register_device(self, &section, application, name);
    if (!registered) co_return std::move(registered).fault();
    co_return co_await connect_device(self, &section, application, std::move(*registered), name);
  }
  auto policy = azure::parse_connection_string(*section.connection_string, "connection_string");
  if (!policy) co_return policy.fault();
  target to{policy->hub, identity{name}, std::move(policy->key), policy->policy};
  co_return co_await connect_device(self, &section, application, std::move(to), name);
}

// Heartbeats and renewals, one line after another.
net::task<> keep(plain_client* self) {
  std::string out;
  while (true) {
    const bool going_on = co_await net::sleep_for(keeping_interval);
    if (!going_on) co_return;
    for (std::size_t i = 0; i < self->lines.size(); ++i) {
      auto& line = *self->lines[i];
      const auto now = self->loop.now();
      const auto due = line.connection.deadline();
      if (due && *due <= now.mono) line.connection.tick(now);
      static_cast<void>(line.connection.take_events());
      out.clear();
      if (!line.connection.take_output(out)) continue;
      const auto written = co_await line.stream.write(out);
      if (!written) line.connection.on_stream_end(written.fault(), self->loop.now());
    }
  }
}

net::task<> run_all(plain_client* self) {
  for (const auto& application : self->settings.applications) {
    if (!application.api_key) continue;
    const auto devices = co_await list_devices(self, &application);
    if (!devices) {
      std::cerr << "sequential-client: " << devices.fault().message() << '\n';
      self->exit_code = 1;
      continue;
    }
    for (const auto& name : *devices) {
      const auto online = co_await bring_online(self, &application, name);
      if (online) continue;
      std::cerr << "sequential-client: " << name << ": " << online.fault().message() << '\n';
      self->exit_code = 1;
    }
  }
}

// A connection a device takes a file a device.
void raise_open_files() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

} // namespace

int run_sequential_client(const sequential_options& options) {
  auto loaded = config::load(options.configuration);
  if (!loaded.value) {
    for (const auto& one : loaded.faults)
      std::cerr << loaded.format(one) << '\n';
    return 1;
  }
  log::start(log::level::warning, log::format::logfmt);
  raise_open_files();
  plain_client self{options, std::move(*loaded.value)};
  if (!options.spans.empty()) self.spans.open(options.spans);
  // Its connections are broken off by the kernel: nothing here is worth a farewell.
  self.loop.on_signal([&](int) { std::_Exit(self.exit_code); });
  self.tasks.spawn("all", net::restart_policy::never, [&self] { return run_all(&self); });
  self.tasks.spawn("keep", net::restart_policy::never, [&self] { return keep(&self); });
  self.loop.run();
  log::stop();
  return self.exit_code;
}

} // namespace causeway::bench
