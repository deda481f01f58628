// SPDX-License-Identifier: Apache-2.0
#include "causeway/verb_plan.h"

#include "app/rehearsal.h"
#include "base/log.h"
#include "causeway/admin_client.h"
#include "causeway/json_field.h"
#include "causeway/load_configuration.h"
#include "net/task_group.h"
#include "watch/printable.h"

#include <fmt/format.h>

#include <optional>

namespace causeway {
namespace {

constexpr milliseconds registry_patience{120'000};

struct rehearsing {
  net::loop loop;
  net::task_group tasks{loop};
  std::optional<result<watch::plan>> outcome;
};

net::task<> rehearse(rehearsing* self, const config::configuration* settings) {
  auto outcome = co_await app::rehearse(self->loop, *settings, registry_patience);
  self->outcome.emplace(std::move(outcome));
  self->loop.stop();
}

int show(const result<std::string>& body, bool json) {
  if (!body) return report("plan", body.fault());
  if (json) {
    fmt::print("{}", watch::printable_json(*body));
    return 0;
  }
  const auto plan = read_object(*body);
  if (!plan) return report("plan", plan.fault());
  fmt::print("{}", lines_of(*plan, "text"));
  return 0;
}

} // namespace

int verb_plan(const std::string& configuration, bool json) {
  const auto settings = load_configuration(configuration);
  if (!settings) return 2;
  const admin_client client{settings->admin.socket.string()};
  const auto asked = client.get("/api/plan");
  if (asked || asked.fault().code() != errc::gateway_not_running) return show(asked, json);

  log::start(log::level::error, settings->log.format);
  rehearsing self;
  self.loop.on_signal([&self](int) { self.loop.stop(); });
  self.tasks.spawn("plan", net::restart_policy::never,
                   [&self, &settings] { return rehearse(&self, &*settings); });
  self.loop.run();
  log::stop();
  if (!self.outcome) return report("plan", error{errc::stopped});
  if (!*self.outcome) return report("plan", self.outcome->fault());
  const auto& plan = **self.outcome;
  fmt::print("{}",
             json ? watch::printable_json(watch::format_plan_json(plan)) + "\n" : watch::format_plan(plan));
  return 0;
}

} // namespace causeway
