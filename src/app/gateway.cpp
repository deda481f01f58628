// SPDX-License-Identifier: Apache-2.0
#include "app/gateway.h"

#include "app/gateway_parts.h"
#include "app/open_files.h"
#include "app/path_words.h"
#include "app/transforms.h"
#include "app/wiring.h"
#include "base/log.h"
#include "base/memory.h"

#include <algorithm>

namespace causeway::app {
namespace {

constexpr milliseconds look_interval{50};
constexpr seconds store_close_time{10};
constexpr milliseconds hub_close_time{2'000};
// For clients with kept-alive connections, whose next request brings them the word to come by a new one.
constexpr milliseconds time_to_leave{2'000};
constexpr seconds open_seconds_interval{60};
// Counted in turns of the loop, so that one that has much to do does not hurry its clients. From the end of
// idle connections to that of all, for what was on its way on them: 0.3 s, longer than a round trip.
constexpr int turns_of_last_call = 30;
constexpr milliseconds turn_of_last_call{10};
// From then on, for requests of those who had just come, 0.2 s, and for requests that had begun, 1 s. Who
// comes now waits for the next process or is refused, so both are short.
constexpr int turns_to_begin = 100, turns_to_finish = 500;
constexpr milliseconds last_turn{2};

stack::registry_options registry_options_of(const config::configuration& from, service_clocks& clocks) {
  auto options = make_registry_options(from);
  options.clocks = &clocks;
  options.list_again = seconds{86'400}; // deletions that nobody has heard of
  return options;
}
stack::downlink_options downlink_options_of(const config::configuration& from, service_clocks& clocks) {
  auto options = make_downlink_options(from);
  options.clocks = &clocks;
  return options;
}
// Open files but connections that come in: the store's, the loop's and libraries' own; a section's hubs and
// DPS; an application's registry and its events, MQTT and transform.
constexpr std::size_t other_files = 96, files_a_section = 16, files_an_application = 7;

} // namespace

gateway::parts::parts(net::loop& on, const config::configuration& from, std::vector<cloud::azure_section> s,
                      std::unique_ptr<store::store> disk)
    : loop{on},
      tasks{on},
      spans{on.now()},
      sections{std::move(s)},
      frame{make_plan_frame(from, sections)},
      desk{on},
      core_bell{on},
      shard{make_rules(from), shard_options(from), on.now()},
      formatter{shard, from, [this] { return random.bits(); }},
      words{from},
      transforms{on,
                 tasks,
                 {.executable = transform_executable()},
                 make_transform_programs(from),
                 [this] { return random.unit(); },
                 [this](model::ticket which, result<std::vector<std::string>> outputs) {
                   formatter.on_transformed(which, std::move(outputs), loop.now());
                 }},
      store{std::move(disk)},
      provisioning{on, tasks, shard, sections, [this] { return random.unit(); }, &spans},
      registry{on,
               tasks,
               shard,
               registry_options_of(from, clocks),
               make_registry_applications(from),
               [this] { return random.unit(); }},
      changes{on,
              tasks,
              shard,
              registry,
              stack::follower_options{make_follower_options(from)},
              make_registry_applications(from),
              [this] { return random.unit(); }},
      hubs{on,
           tasks,
           net::connect,
           shard,
           shard.commands(),
           sections,
           clocks,
           [this] { return random.unit(); },
           &spans},
      pushes{on,
             tasks,
             shard.commands(),
             downlink_options_of(from, clocks),
             make_downlink_applications(from),
             [this] { return random.unit(); }},
      letters{on, desk},
      letter_api{letters},
      api{*this, CAUSEWAY_VERSION},
      live{*this, CAUSEWAY_VERSION},
      started{on.now().wall} {
  shard.connect({*store, hubs, provisioning, registry, formatter, desk, pushes, words});
  formatter.transform_by(transforms);
  provisioning.by_clocks(clocks);
}

core::shard_options gateway::parts::shard_options(const config::configuration& from) {
  core::shard_options made;
  made.random = [this] { return random.unit(); };
  made.timeline = &spans;
  made.ring_at = [this](mono_time at) { ring_at(at); };
  made.limits = make_spool_limits(from.spool);
  made.max_devices = from.state.max_devices;
  made.commands.most = from.commands.max_commands;
  made.commands.application_share = from.commands.share;
  made.commands.history = from.commands.history;
  made.fresh_id = [this] {
    std::array<std::uint8_t, 16> made_of;
    for (auto& byte : made_of)
      byte = static_cast<std::uint8_t>(random.bits());
    return made_of;
  };
  made.service_time = [this](moment now) { return service_time(now); };
  return made;
}

// Of those that disagree the earliest, ours among them: nothing ends before its time by any clock, and one
// answer with a wrong Date ends nothing.
std::optional<wall_time> gateway::parts::service_time(moment now) const {
  const auto all = clocks.readings(now);
  if (all.empty()) return std::nullopt;
  const auto first = std::min_element(all.begin(), all.end(),
                                      [](const auto& a, const auto& b) { return a.ahead < b.ahead; });
  return now.wall + std::chrono::duration_cast<wall_time::duration>(std::min(first->ahead, {}));
}

void gateway::parts::save_open_seconds() {
  const auto now = loop.now();
  open_saved = now.mono;
  store->save_open_seconds(shard.open_seconds(now));
}

void gateway::parts::ring_at(mono_time at) {
  core_due = std::min(core_due, at);
  core_bell.notify();
}

// What is due and cannot go on yet does not keep the loop from turning.
net::task<> gateway::parts::keep_time() {
  constexpr milliseconds least_pause{5};
  while (true) {
    if (loop.now().mono < core_due) {
      static_cast<void>(co_await core_bell.wait_until(core_due));
      continue;
    }
    core_due = mono_time::max();
    shard.on_tick(loop.now());
    const bool going_on = co_await net::sleep_for(least_pause);
    if (!going_on) co_return;
  }
}

net::task<> gateway::parts::look() {
  while (true) {
    const auto due = loop.now().mono + look_interval;
    const bool going_on = co_await net::sleep_for(look_interval);
    if (!going_on) co_return;
    const auto now = loop.now();
    // Decays over about a second, so that a scrape sees the worst of the last moments.
    lag = std::max<std::chrono::nanoseconds>(now.mono - due, lag - lag / 10);
    if (clocks.observe(now)) {
      hubs.try_now();
      provisioning.try_now();
      shard.on_clock_set(now);
    }
    if (clocks.take_change()) hubs.renew_tokens();
    look_at_certificate(now);
    if (now.mono >= open_saved + open_seconds_interval) save_open_seconds();
    stored_rate.note(store->counters().appended_total, now.mono);
    sent_rate.note(shard.totals().sent, now.mono);
    live.on_tick(now);
  }
}

// A few at a time, so that the first post after a start need not wait for a million devices.
net::task<> gateway::parts::start_known() {
  constexpr std::size_t at_a_time = 250;
  while (shard.start_some(at_a_time, loop.now())) {
    const bool going_on = co_await net::sleep_for(milliseconds{0});
    if (!going_on) co_return;
  }
}

void gateway::parts::look_at_certificate(moment now) {
  if (!webhook_certificate) return;
  const auto trouble = webhook_certificate->look(now);
  if (!trouble) return;
  const bool invalid = is_invalid(webhook_certificate->facts(), now.wall);
  if (invalid)
    log::error("webhook_certificate_expired", {{"detail", *trouble}});
  else
    log::warning("webhook_certificate_ends", {{"detail", *trouble}});
}

void gateway::parts::start_mqtt(const config::configuration& from) {
  auto applications = make_mqtt_applications(from);
  if (applications.empty()) return;
  for (const auto& one : applications)
    by_mqtt.push_back(one.id);
  mqtt.emplace(loop, tasks, make_mqtt_settings(from, random.bits()), std::move(applications), shard, desk,
               [this] { return random.unit(); });
  mqtt->tell(*this);
  mqtt->start();
}

bool gateway::parts::is_by_webhook_alone(const application_id& application) const {
  return std::find(by_mqtt.begin(), by_mqtt.end(), application) == by_mqtt.end();
}

result<doors> doors::open(net::loop& on, const config::configuration& from, net::inherited_sockets& sockets) {
  std::optional<net::tls_server_context> tls;
  std::optional<net::certificate_facts> certificate;
  if (from.webhook.tls()) {
    auto made =
        net::tls_server_context::make(from.webhook.tls_certificate, from.webhook.tls_key, {"h2", "http/1.1"});
    if (!made) return std::move(made).fault();
    tls = std::move(*made);
    auto facts = net::read_certificate(from.webhook.tls_certificate);
    if (!facts) return std::move(facts).fault();
    certificate = std::move(*facts);
  }
  const auto webhook_address = net::listen_address::parse(from.webhook.listen);
  if (!webhook_address) return error{webhook_address.fault()}.in("webhook.listen");
  const auto admin_address = net::listen_address::parse(from.admin.listen);
  if (!admin_address) return error{admin_address.fault()}.in("admin.listen");
  auto inherited = sockets.take(on, "webhook", *webhook_address);
  auto webhook =
      inherited ? result<net::listener>{std::move(*inherited)} : net::listener::bind(on, *webhook_address);
  if (!webhook) return std::move(webhook).fault().in("webhook.listen");
  auto admin = net::listener::bind(on, *admin_address);
  if (!admin) return std::move(admin).fault().in("admin.listen");
  auto socket = net::listener::bind(on, net::listen_address::unix_socket(from.admin.socket.string()));
  if (!socket) return std::move(socket).fault().in("admin.socket");
  return doors{std::move(*webhook),
               std::move(*admin),
               std::move(*socket),
               std::move(tls),
               std::move(certificate),
               admin_address->is_local() ? watch::api_access::loopback : watch::api_access::elsewhere};
}

void gateway::parts::listen(doors at, const config::configuration& from) {
  const auto share = share_open_files(open_files_limit(), from.webhook.max_connections,
                                      other_files + files_a_section * from.azure.size() +
                                          files_an_application * from.applications.size());
  if (share.webhook < from.webhook.max_connections)
    log::warning("open_files_low",
                 {{"error", describe(errc::open_files_limit).name},
                  {"detail", std::to_string(open_files_limit()) + ": the webhook takes " +
                                 std::to_string(share.webhook) + " connections at a time instead of " +
                                 std::to_string(from.webhook.max_connections) +
                                 "; raise the limit (systemd: LimitNOFILE=, shell: ulimit -n), or lower "
                                 "max_connections in [webhook]"}});
  net::http_limits webhook_limits;
  webhook_limits.max_connections = share.webhook;
  if (at.certificate) webhook_certificate.emplace(std::move(*at.certificate));
  look_at_certificate(loop.now());
  webhook_server.emplace(net::http_server::start(
      loop, tasks, std::move(at.webhook), std::move(at.tls), webhook_limits,
      [this](net::http_request request) { return webhook->handle(std::move(request)); },
      [this](int status) { return webhook->refuse(status); },
      [this](net::http_request& head) { return webhook->admit(head); }));
  webhook_server->tell([this](const net::http_request* head) { webhook->on_turned_away(head); });
  net::http_limits limits;
  limits.max_body = 64 * 1024;
  limits.max_connections = share.admin;
  // Any local user may open as many: whoever asks something is served all the same.
  limits.room_after = milliseconds{0};
  api.show_configuration(from.shown);
  std::optional<secret> token;
  if (from.admin.token) token = from.admin.token->clone();
  pages.emplace(*this, api, live, commands_api, letter_api, forgetter,
                watch::api_guard{at.admin_access, std::move(token)});
  admin_server.emplace(net::http_server::start(
      loop, tasks, std::move(at.admin), {}, limits,
      [this](net::http_request request) { return pages->handle(std::move(request)); }));
  socket_pages.emplace(*this, api, live, commands_api, letter_api, forgetter,
                       watch::api_guard{watch::api_access::open});
  socket_server.emplace(net::http_server::start(
      loop, tasks, std::move(at.socket), {}, limits,
      [this](net::http_request request) { return socket_pages->handle(std::move(request)); }));
}

result<void> gateway::parts::export_spans(const config::configuration& from) {
  auto targets = make_exporters(from.telemetry);
  if (!targets) return std::move(targets).fault();
  for (auto& options : *targets) {
    exporters.push_back(std::make_unique<watch::trace_exporter>(
        loop, tasks, std::move(options), spans, [this](device_ref ref) { return trace(ref); },
        [this] { return random.unit(); }));
    exporters.back()->start();
  }
  return {};
}

gateway::gateway(std::unique_ptr<parts> p) : parts_{std::move(p)} {}
gateway::~gateway() = default;

net::task<result<std::unique_ptr<gateway>>> gateway::start(net::loop& on, const config::configuration& from,
                                                           std::shared_ptr<net::inherited_sockets> sockets) {
  auto sections = make_sections(from);
  if (!sections) co_return std::move(sections).fault();

  store::store_options options;
  options.directory = from.state.directory;
  // Before anything is read: who comes meanwhile waits in the kernel's queue.
  std::optional<doors> opened_doors;
  options.once_locked = [&]() -> result<void> {
    auto made = doors::open(on, from, *sockets);
    if (!made) return std::move(made).fault();
    opened_doors.emplace(std::move(*made));
    return {};
  };
  auto opened =
      store::store::open(options, on, [&on](std::function<void()> work) { on.post(std::move(work)); });
  if (!opened) co_return std::move(opened).fault();
  sockets.reset();
  auto image = (*opened)->load();
  if (!image) co_return std::move(image).fault();

  auto p = std::make_unique<parts>(on, from, std::move(*sections), std::move(*opened));
  p->webhook.emplace(make_webhook_applications(from), p->shard, p->desk, on, randomness::key());
  p->webhook->tell_probers(
      [raw = p.get()] { return raw->store_fault ? std::optional{raw->store_fault->code()} : std::nullopt; });
  p->feed.emplace(p->shard, p->desk, *p->store, on);
  p->backfill.emplace(
      on, p->tasks, make_backfill_settings(from), make_backfill_applications(from),
      [random = &p->random] { return random->unit(); }, *p->feed);
  for (const auto& one : make_webhook_applications(from))
    p->by_webhook.push_back(one.id);
  p->webhook->tell(*p);
  p->letters.ask(*p->store, p->shard);
  auto ready = p->export_spans(from);
  if (!ready) {
    co_await p->tasks.stop();
    co_return std::move(ready).fault();
  }

  p->store->start(p->shard, *p);
  p->transforms.start();
  tell_of_path_word_devices(*image);
  const auto devices = image->devices.size(), waiting = image->waiting.size();
  p->shard.begin(std::move(*image), on.now());
  p->listen(std::move(*opened_doors), from);
  p->tasks.spawn("connect known devices", net::restart_policy::on_fault,
                 [raw = p.get()] { return raw->start_known(); });
  p->registry.start();
  p->changes.start();
  p->backfill->start(p->store->cursors());
  p->start_mqtt(from);
  for (const auto& one : p->by_webhook)
    if (p->is_by_webhook_alone(one)) p->backfill->on_live(one);
  p->tasks.spawn("keep the core's time", net::restart_policy::on_fault,
                 [raw = p.get()] { return raw->keep_time(); });
  p->tasks.spawn("look", net::restart_policy::on_fault, [raw = p.get()] { return raw->look(); });
  // What waits for their devices in the hubs is taken from now on.
  for (const auto& one : make_downlink_applications(from))
    log::info("commands_taken", {{"application", one.id}});
  log::info("gateway_started", {{"webhook", from.webhook.listen},
                                {"admin", from.admin.listen},
                                {"socket", from.admin.socket.string()},
                                {"devices", devices},
                                {"waiting", waiting}});
  co_return std::unique_ptr<gateway>{new gateway{std::move(p)}};
}

net::task<> gateway::parts::drain(mono_time began, mono_time deadline) {
  const auto answered = shard.totals().last_row + 1;
  if (mqtt) co_await mqtt->stop(deadline);
  const auto busy = [&](mono_time now) {
    if (webhook_server->connections() != 0 && now - began < time_to_leave) return true;
    return webhook_server->is_serving(began) || shard.is_sending(answered);
  };
  for (auto now = began; now < deadline && busy(now); now = loop.now().mono) {
    const bool going_on = co_await net::sleep_for(milliseconds{10});
    if (!going_on) co_return;
  }
  co_await hubs.close(hub_close_time);
}

// A push that its client abandons locks the device's queue, and its uplinks, for 10 s; each has its own
// time-out. What is heard of it meanwhile comes in by the door.
net::task<> gateway::parts::finish_pushes() {
  while (pushes.under_way() != 0) {
    const bool going_on = co_await net::sleep_for(milliseconds{10});
    if (!going_on) co_return;
  }
}

// The links of a large fleet are gone. The kernel takes their memory while the door is still served, and not
// from a process that has ended, for whose end the next one waits.
net::task<> gateway::parts::give_back_memory() {
  const giving_back_memory beside;
  while (!beside.is_done()) {
    const bool going_on = co_await net::sleep_for(milliseconds{5});
    if (!going_on) co_return;
  }
}

net::task<> gateway::parts::close_webhook() {
  auto& server = *webhook_server;
  server.half_close_idle();
  for (int turn = 0; turn < turns_of_last_call && server.connections() != 0; ++turn) {
    const bool going_on = co_await net::sleep_for(turn_of_last_call);
    if (!going_on) co_return;
  }
  server.stop_accepting();
  for (const auto& one : by_webhook)
    backfill->on_down(one, loop.now().wall);
  const auto is_busy = [&server](int turn) {
    return (server.is_expecting() && turn < turns_to_begin) ||
           (server.is_serving() && turn < turns_to_finish);
  };
  for (int turn = 0; is_busy(turn); ++turn) {
    const bool going_on = co_await net::sleep_for(last_turn);
    if (!going_on) co_return;
  }
}

net::task<result<void>> gateway::stop(std::chrono::milliseconds drain) {
  auto& p = *parts_;
  p.stopping = true;
  p.webhook_server->send_away();
  for (const auto& one : p.by_mqtt)
    p.backfill->on_down(one, p.loop.now().wall);
  p.shard.commands().close(p.loop.now());
  const auto began = p.loop.now().mono;
  co_await p.drain(began, began + drain);
  co_await p.finish_pushes();
  co_await p.give_back_memory();
  co_await p.close_webhook();
  p.backfill->save_cursors();
  p.admin_server->stop_accepting();
  p.socket_server->stop_accepting();
  co_await p.tasks.stop();
  p.save_open_seconds();
  const auto closed = p.store->close(p.loop.now().mono + store_close_time);
  if (!closed)
    log::error("store_close_incomplete",
               {{"error", closed.fault().name()}, {"detail", closed.fault().detail()}});
  log::info("gateway_stopped", {{"waiting", p.shard.totals().waiting_messages}});
  co_return closed;
}

watch::snapshot gateway::figures() const {
  return parts_->figures();
}

} // namespace causeway::app
