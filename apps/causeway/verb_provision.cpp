// SPDX-License-Identifier: Apache-2.0
#include "causeway/verb_provision.h"

#include "app/gateway.h"
#include "app/open_files.h"
#include "app/provision_run.h"
#include "base/encoding.h"
#include "base/log.h"
#include "causeway/admin_client.h"
#include "causeway/load_configuration.h"
#include "net/task_group.h"
#include "watch/plan.h"
#include "watch/printable.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <map>

namespace causeway {
namespace {

constexpr milliseconds look_interval{100};
constexpr seconds plain_interval{5};
constexpr std::size_t bar_width = 30;
constexpr std::size_t most_refused = 1'000, named_refused = 10;

struct provisioning {
  net::loop loop;
  net::task_group tasks{loop};
  bool stopped = false;
  std::optional<error> fault;
  app::provision_progress last;
  std::vector<app::refused_device> refused;
  double seconds = 0;
};

class progress_view {
public:
  progress_view(bool on_terminal, mono_time now) : on_terminal_{on_terminal}, started_{now}, shown_at_{now} {}

  void show(const app::provision_progress& now, mono_time at) {
    if (!on_terminal_ && at - shown_at_ < plain_interval) return;
    shown_at_ = at;
    std::cerr << (on_terminal_ ? "\r" + bar(now) : std::string{}) << words(now, at)
              << (on_terminal_ ? "\x1b[K" : "\n") << std::flush;
  }
  void end() const {
    if (on_terminal_) std::cerr << '\n';
  }

private:
  static std::string bar(const app::provision_progress& now) {
    const auto filled =
        now.devices == 0 ? 0 : static_cast<std::size_t>(bar_width * now.decided() / now.devices);
    return "[" + std::string(filled, '#') + std::string(bar_width - filled, '.') + "] ";
  }
  std::string words(const app::provision_progress& now, mono_time at) const {
    const double passed = std::chrono::duration<double>(at - started_).count();
    const double rate = passed > 0 ? static_cast<double>(now.assigned) / passed * 60 : 0;
    auto text = fmt::format("{} of {}{} devices, {:.0f} a minute (budget {:.0f})", now.decided(), now.devices,
                            now.listing ? " or more" : "", rate, now.limit_per_minute);
    if (now.refused != 0) text += fmt::format(", {} refused", now.refused);
    if (now.held_seconds > 0) text += ", DPS asks to wait " + watch::format_seconds(now.held_seconds);
    if (now.unsettled != 0 && now.limit_per_minute > 0)
      text += ", done in about " +
              watch::format_seconds(now.held_seconds +
                                    static_cast<double>(now.unsettled) * 60 / now.limit_per_minute +
                                    watch::dps_pause_seconds);
    return text;
  }

  bool on_terminal_;
  mono_time started_, shown_at_;
};

// What is wrong with the registry concerns an operator who waits for the list of his devices.
void note_registry(const app::provision_progress& now) {
  for (const auto& [application, why] : now.registry_faults)
    std::cerr << "warning: application " << application << ": " << watch::printable(why)
              << "; its devices are those known before\n";
}

net::task<> work(provisioning* self, const config::configuration* settings, bool quiet) {
  struct at_end {
    net::loop& loop;
    ~at_end() { loop.stop(); }
  } const ended{self->loop};
  auto run = app::provision_run::start(self->loop, *settings);
  if (!run) {
    self->fault = run.fault();
  } else {
    const auto started = self->loop.now().mono;
    progress_view view{::isatty(STDERR_FILENO) == 1 && !quiet, started};
    while (!self->stopped) {
      self->last = (*run)->progress();
      if (!quiet) view.show(self->last, self->loop.now().mono);
      if (self->last.done) break;
      const bool going_on = co_await net::sleep_for(look_interval);
      if (!going_on) break;
    }
    if (!quiet) view.end();
    self->seconds = std::chrono::duration<double>(self->loop.now().mono - started).count();
    auto kept = co_await (*run)->stop();
    // Answers may have come while it was being stopped.
    self->last = (*run)->progress();
    self->refused = (*run)->refused(most_refused);
    if (!kept) self->fault = std::move(kept).fault();
  }
}

void print_json(const provisioning& of) {
  std::string refused;
  for (const auto& one : of.refused)
    refused += fmt::format("{}{{\"application\":{},\"device\":{},\"error\":{},\"detail\":{}}}",
                           refused.empty() ? "" : ",", json_quoted(one.application), json_quoted(one.device),
                           json_quoted(one.error), watch::printable_json(json_quoted(one.detail)));
  fmt::print(
      "{{\"devices\":{},\"assigned\":{},\"from_cache\":{},\"refused\":{},\"unsettled\":{},\"complete\":{},"
      "\"seconds\":{:.3f},\"refused_devices\":[{}]}}\n",
      of.last.devices, of.last.assigned, of.last.from_cache, of.last.refused, of.last.unsettled,
      of.last.done && of.last.registry_faults.empty(), of.seconds, refused);
}

void print_summary(const provisioning& of) {
  fmt::print("{} devices: {} assigned, {} from the cache, {} refused{} in {}\n", of.last.devices,
             of.last.assigned, of.last.from_cache, of.last.refused,
             of.last.unsettled == 0 ? std::string{}
                                    : fmt::format(", {} not settled (run it again)", of.last.unsettled),
             watch::format_seconds(of.seconds));
  std::map<std::string, std::vector<const app::refused_device*>> by_reason;
  for (const auto& one : of.refused)
    by_reason[one.error].push_back(&one);
  for (const auto& [reason, devices] : by_reason) {
    fmt::print("  {} {}{}: {}\n", devices.size(), reason,
               of.refused.size() == most_refused ? " (at least)" : "",
               watch::printable(devices.front()->detail));
    for (std::size_t i = 0; i < std::min(devices.size(), named_refused); ++i)
      fmt::print("    {}/{}\n", devices[i]->application, devices[i]->device);
    if (devices.size() > named_refused) fmt::print("    and {} more\n", devices.size() - named_refused);
  }
}

} // namespace

int verb_provision(const std::string& configuration, bool json) {
  ::umask(077);
  const auto settings = load_configuration(configuration);
  if (!settings) return 2;
  log::start(log::level::error, settings->log.format);
  app::raise_open_files_limit();
  provisioning self;
  self.loop.on_signal([&self, outlives_terminal = net::ignores_hang_up()](int signal) {
    if (signal == SIGHUP && outlives_terminal) return;
    if (self.stopped) std::_Exit(1);
    self.stopped = true;
  });
  self.tasks.spawn("provision", net::restart_policy::never,
                   [&self, &settings, json] { return work(&self, &*settings, json); });
  self.loop.run();
  log::stop();
  if (self.fault && self.fault->code() == errc::state_locked)
    return report("provision",
                  error{errc::state_locked, self.fault->detail() +
                                                "; a running gateway registers its devices itself: "
                                                "`causeway status` shows how far it is"});
  if (self.fault) return report("provision", *self.fault);
  note_registry(self.last);
  if (json)
    print_json(self);
  else
    print_summary(self);
  std::fflush(stdout);
  return self.last.done && self.last.refused == 0 && self.last.registry_faults.empty() ? 0 : 1;
}

} // namespace causeway
