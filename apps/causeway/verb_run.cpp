// SPDX-License-Identifier: Apache-2.0
#include "causeway/verb_run.h"

#include "app/gateway.h"
#include "app/open_files.h"
#include "base/log.h"
#include "causeway/load_configuration.h"
#include "net/supervisor.h"
#include "net/task_group.h"
#include "net/wake_up.h"

#include <sys/stat.h>

#include <csignal>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

namespace causeway {
namespace {

constexpr milliseconds drain_time{5'000};
constexpr std::string_view stopping = "Delivering what is under way";

struct running {
  explicit running(net::supervisor from) : supervisor{std::move(from)} {}

  net::loop loop;
  net::task_group tasks{loop};
  net::wake_up asked_to_stop{loop};
  net::supervisor supervisor;
  net::task_group telling{loop};
  int signals = 0;
  int exit_code = 0;
};

// A line for `systemctl status`.
std::string describe(const watch::snapshot& now) {
  const auto& shard = now.shard;
  std::uint64_t devices = 0;
  for (const auto of_state : shard.devices)
    devices += of_state;
  const auto online = shard.devices[static_cast<std::size_t>(model::device_state::online)];
  std::string text = std::to_string(online) + " of " + std::to_string(devices) + " devices online, " +
                     std::to_string(shard.waiting_messages) + " messages wait";
  if (!now.ready) text += "; not ready: " + now.not_ready_because;
  return text;
}

net::task<> live(running* self, const config::configuration* settings,
                 std::shared_ptr<net::inherited_sockets> sockets) {
  // However it ends, an exception included: a process without a gateway must not stay.
  struct at_end {
    net::loop& loop;
    ~at_end() { loop.stop(); }
  } const ended{self->loop};
  self->exit_code = 1;
  auto started = co_await app::gateway::start(self->loop, *settings, std::move(sockets));
  if (!started) {
    log::error("start_refused", {{"error", started.fault().name()}, {"detail", started.fault().message()}});
  } else {
    self->supervisor.ready(describe((*started)->figures()));
    self->telling.spawn("tell the supervisor", net::restart_policy::on_fault, [self, of = started->get()] {
      return net::keep_fed(self->supervisor, [self, of] {
        return self->signals == 0 ? describe(of->figures()) : std::string{stopping};
      });
    });
    while (self->signals == 0)
      static_cast<void>(co_await self->asked_to_stop.wait());
    log::info("gateway_stopping");
    self->supervisor.stopping(stopping);
    // Kept until the process ends, which gives a fleet's memory back in a moment: to take it apart piece by
    // piece takes seconds for a large one, and the next process waits for this one's end. Volatile, so that
    // the pointer is really there: a leak checker looks for it.
    static app::gateway* volatile kept = nullptr;
    kept = started->release();
    const auto stopped = co_await kept->stop(drain_time);
    self->exit_code = stopped ? 0 : 1;
    co_await self->telling.stop();
  }
}

} // namespace

int verb_run(const std::string& file) {
  auto sockets = std::make_shared<net::inherited_sockets>(net::inherited_sockets::take_from_environment());
  auto supervisor = net::supervisor::take_from_environment();
  ::umask(077);
  const auto settings = load_configuration(file);
  if (!settings) return 2;
  log::start(settings->log.level, settings->log.format);
  app::raise_open_files_limit();

  running self{std::move(supervisor)};
  self.loop.on_signal([&self](int signal) {
    if (signal == SIGHUP) {
      log::warning("reload_unsupported", {{"detail", "restart to apply a changed configuration"}});
      return;
    }
    if (++self.signals > 1) {
      // Asked twice: what is durable is safe, and nobody waits for the rest.
      log::stop();
      std::_Exit(1);
    }
    self.asked_to_stop.notify();
  });
  self.tasks.spawn("gateway", net::restart_policy::never,
                   [&self, &settings, &sockets] { return live(&self, &*settings, std::move(sockets)); });
  self.loop.run();
  if (!log::stop()) std::_Exit(self.exit_code);
  return self.exit_code;
}

} // namespace causeway
