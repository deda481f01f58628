// SPDX-License-Identifier: Apache-2.0
#include "causeway/command_check.h"

#include "admin/printable.h"
#include "app/randomness.h"
#include "app/wiring.h"
#include "causeway/load_configuration.h"
#include "ingress/mqtt_probe.h"
#include "net/task_group.h"

#include <iostream>

namespace causeway {
namespace {

constexpr milliseconds mqtt_patience{30'000};

struct checking {
  net::loop loop;
  net::task_group tasks{loop};
  bool well = true;
};

net::task<> try_log_ins(checking* self, const config::configuration* settings) {
  std::vector<application_id> applications;
  for (const auto& one : app::make_mqtt_applications(*settings))
    applications.push_back(one.id);
  app::randomness random;
  const auto outcomes =
      co_await ingress::try_mqtt(&self->loop, app::make_mqtt_settings(*settings, random.bits()),
                                 app::make_mqtt_applications(*settings), mqtt_patience);
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const auto& outcome = outcomes[i];
    std::cout << "mqtt " << applications[i].str() << ": ";
    if (outcome)
      std::cout << "CONNACK 0, subscribed\n";
    else
      std::cout << outcome.fault().name() << ": " << admin::printable(outcome.fault().message()) << '\n';
    self->well = self->well && outcome.has_value();
  }
  self->loop.stop();
}

} // namespace

int command_check(const std::string& file, bool offline) {
  const auto settings = load_configuration(file);
  if (!settings) return 2;
  std::cout << file << ": good: " << settings->applications.size() << " application(s), "
            << settings->azure.size() << " azure section(s)\n";
  if (offline || app::make_mqtt_applications(*settings).empty()) return 0;
  checking self;
  self.loop.on_signal([&self](int) {
    self.well = false;
    self.loop.stop();
  });
  self.tasks.spawn("check", net::restart_policy::never,
                   [&self, &settings] { return try_log_ins(&self, &*settings); });
  self.loop.run();
  return self.well ? 0 : 1;
}

} // namespace causeway
