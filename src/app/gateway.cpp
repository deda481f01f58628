// SPDX-License-Identifier: Apache-2.0
#include "app/gateway.h"

#include "admin/pages.h"
#include "app/built_in_formatter.h"
#include "app/wiring.h"
#include "base/log.h"
#include "egress/hub_pool.h"
#include "egress/provisioning.h"
#include "store/store.h"

#include <sys/resource.h>

#include <algorithm>
#include <random>

namespace causeway::app {
namespace {

constexpr milliseconds tick_interval{50};
constexpr seconds store_close_time{10};

class randomness {
public:
  double unit() { return std::uniform_real_distribution<double>{0.0, 1.0}(engine_); }
  std::uint64_t bits() { return engine_(); }

private:
  // Seeded with the system's entropy once; message ids and jitter need no more than that.
  std::mt19937_64 engine_ = [] {
    std::random_device entropy;
    std::seed_seq seed{entropy(), entropy(), entropy(), entropy(),
                       entropy(), entropy(), entropy(), entropy()};
    return std::mt19937_64{seed};
  }();
};

// No application follows a registry yet.
struct quiet_registry final : core::registry {
  void look_up(device_ref, const core::device_key&) override {}
};

} // namespace

struct gateway::parts final : store::store_events {
  net::loop& loop;
  net::task_group tasks;
  randomness random;
  std::vector<egress::azure_section> sections;
  ingress::answer_desk desk;
  built_in_formatter formatter;
  std::unique_ptr<store::store> store;
  egress::provisioning provisioning;
  quiet_registry registry;
  egress::hub_pool hubs;
  std::optional<core::bridge> bridge;
  std::optional<ingress::webhook> webhook;
  std::optional<admin::pages> pages;
  std::optional<net::http_server> webhook_server;
  std::optional<net::http_server> admin_server;
  wall_time started;
  std::chrono::nanoseconds lag{0};
  std::optional<error> store_fault;
  bool stopping = false;

  parts(net::loop& on, std::vector<egress::azure_section> s)
      : loop{on},
        tasks{on},
        sections{std::move(s)},
        desk{on},
        formatter{[this] { return random.bits(); }},
        provisioning{on, tasks, sections, [this] { return random.unit(); }},
        hubs{on, tasks, sections, [this] { return random.unit(); }},
        started{on.now().wall} {}

  void on_spooled(std::vector<core::spool_result> results) override {
    const auto now = loop.now();
    for (const auto& one : results)
      bridge->on_spooled(one, now);
  }
  void on_read_back(std::vector<core::spool_row> rows, std::vector<spool_seq> gone) override {
    bridge->on_read_back(std::move(rows), gone, loop.now());
  }
  void on_store_fault(const error& what) override {
    store_fault = what;
    // Something that must be kept: the store tries it again until the disk takes it, so that it notices when
    // the disk has healed although nothing is posted any more.
    if (const auto one = bridge->any_device()) store->save_device(*one);
  }
  void on_store_healed() override { store_fault.reset(); }

  net::task<> tick();
  result<void> listen(const config::configuration& from);
  admin::snapshot figures() const;
};

net::task<> gateway::parts::tick() {
  while (true) {
    const auto due = loop.now().mono + tick_interval;
    const bool going_on = co_await net::sleep_for(tick_interval);
    if (!going_on) co_return;
    const auto now = loop.now();
    // Decays over about a second, so that a scrape sees the worst of the last moments.
    lag = std::max<std::chrono::nanoseconds>(now.mono - due, lag - lag / 10);
    bridge->on_tick(now);
  }
}

result<void> gateway::parts::listen(const config::configuration& from) {
  std::optional<net::tls_server_context> tls;
  if (from.webhook.tls()) {
    auto made = net::tls_server_context::make(from.webhook.tls_certificate, from.webhook.tls_key);
    if (!made) return std::move(made).fault();
    tls = std::move(*made);
  }
  auto webhook_address = net::listen_address::parse(from.webhook.listen);
  if (!webhook_address) return std::move(webhook_address).fault().in("webhook.listen");
  auto admin_address = net::listen_address::parse(from.admin.listen);
  if (!admin_address) return std::move(admin_address).fault().in("admin.listen");

  auto server = net::http_server::start(
      loop, tasks, *webhook_address, tls, {},
      [this](net::http_request request) { return webhook->handle(std::move(request)); },
      [this](int status) { return webhook->refuse(status); });
  if (!server) return std::move(server).fault().in("webhook.listen");
  webhook_server.emplace(std::move(*server));
  net::http_limits admin_limits;
  admin_limits.max_body = 64 * 1024;
  admin_limits.max_connections = 256;
  auto admin_started = net::http_server::start(
      loop, tasks, *admin_address, {}, admin_limits,
      [this](net::http_request request) { return pages->handle(std::move(request)); });
  if (!admin_started) return std::move(admin_started).fault().in("admin.listen");
  admin_server.emplace(std::move(*admin_started));
  return {};
}

admin::snapshot gateway::parts::figures() const {
  admin::snapshot out;
  out.bridge = bridge->totals();
  for (const auto& [host, totals] : hubs.totals())
    out.hubs[host] = {totals.connections_open, totals.connections_made, totals.connections_lost,
                      totals.tokens_put};
  const auto& dps = provisioning.totals();
  out.dps = {dps.requests, dps.assigned, dps.refused, dps.in_progress};
  const auto& c = store->counters();
  out.store.commits = c.commits_total;
  out.store.commit_faults = c.commits_failed_total;
  out.store.appended = c.appended_total;
  out.store.done = c.erased_total;
  out.store.dead_letters = c.dead_letters_total;
  out.store.fsyncs = c.fsyncs_total;
  out.store.messages = c.waiting.messages;
  out.store.bytes = c.waiting.bytes;
  out.store.queued = c.queued_messages;
  out.store.last_commit_seconds = std::chrono::duration<double>(c.last_commit).count();
  out.webhook_by_status = webhook->totals().by_status;
  for (const auto& [code, count] : webhook->totals().refused)
    out.webhook_refused[std::string{describe(code).name}] = count;
  out.loop_lag_seconds = std::chrono::duration<double>(lag).count();
  out.start_seconds = std::chrono::duration<double>(started.time_since_epoch()).count();
  out.ready = !stopping && !store_fault;
  if (stopping) out.not_ready_because = "stopping";
  if (store_fault) out.not_ready_because = store_fault->message();
  return out;
}

gateway::gateway(std::unique_ptr<parts> p) : parts_{std::move(p)} {}
gateway::~gateway() = default;

net::task<result<std::unique_ptr<gateway>>> gateway::start(net::loop& on, const config::configuration& from) {
  auto sections = make_sections(from);
  if (!sections) co_return std::move(sections).fault();

  store::store_options options;
  options.directory = from.state.directory;
  options.max_bytes = from.spool.max_bytes;
  options.max_messages = from.spool.max_messages;
  auto opened =
      store::store::open(options, on, [&on](std::function<void()> work) { on.post(std::move(work)); });
  if (!opened) co_return std::move(opened).fault();
  auto image = (*opened)->load();
  if (!image) co_return std::move(image).fault();
  image->next_device = (*opened)->next_device();

  auto p = std::make_unique<parts>(on, std::move(*sections));
  p->store = std::move(*opened);
  core::bridge_options bridge_options;
  bridge_options.random = [random = &p->random] { return random->unit(); };
  p->bridge.emplace(
      make_rules(from),
      core::bridge_ports{*p->store, *p->store, p->hubs, p->provisioning, p->registry, p->formatter, p->desk},
      std::move(bridge_options), on.now());
  p->formatter.answer_to(*p->bridge);
  p->provisioning.answer_to(*p->bridge);
  p->hubs.answer_to(*p->bridge);
  p->webhook.emplace(make_webhook_applications(from), *p->bridge, p->desk, on);
  p->pages.emplace([raw = p.get()] { return raw->figures(); });
  if (auto listening = p->listen(from); !listening) {
    co_await p->tasks.stop();
    co_return std::move(listening).fault();
  }

  p->store->start(*p);
  const auto devices = image->devices.size(), waiting = image->waiting.size();
  p->bridge->start(std::move(*image), on.now());
  p->tasks.spawn("tick", net::restart_policy::on_fault, [raw = p.get()] { return raw->tick(); });
  log::info("gateway_started", {{"webhook", from.webhook.listen},
                                {"admin", from.admin.listen},
                                {"devices", devices},
                                {"waiting", waiting}});
  co_return std::unique_ptr<gateway>{new gateway{std::move(p)}};
}

net::task<result<void>> gateway::stop(std::chrono::milliseconds drain) {
  auto& p = *parts_;
  p.stopping = true;
  p.webhook_server->stop_accepting();
  const auto deadline = p.loop.now().mono + drain;
  const auto busy = [&] { return p.desk.waiting() != 0 || p.bridge->is_sending(); };
  while (busy() && p.loop.now().mono < deadline) {
    const bool going_on = co_await net::sleep_for(milliseconds{10});
    if (!going_on) break;
  }
  const auto left = p.bridge->totals().waiting_messages;
  co_await p.hubs.close(milliseconds{2'000});
  p.admin_server->stop_accepting();
  co_await p.tasks.stop();
  const auto closed = p.store->close(p.loop.now().mono + store_close_time);
  if (!closed)
    log::error("store_close_incomplete",
               {{"error", closed.fault().name()}, {"detail", closed.fault().detail()}});
  log::info("gateway_stopped", {{"waiting", left}});
  co_return closed;
}

admin::snapshot gateway::figures() const {
  return parts_->figures();
}

result<void> raise_open_files_limit(std::uint64_t needed) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return {};
  limit.rlim_cur = limit.rlim_max;
  static_cast<void>(setrlimit(RLIMIT_NOFILE, &limit));
  if (limit.rlim_max >= needed) return {};
  return error{errc::open_files_limit, std::to_string(limit.rlim_max) + ", " + std::to_string(needed) +
                                           " are needed; raise it (systemd: LimitNOFILE=, shell: ulimit -n)"};
}

} // namespace causeway::app
