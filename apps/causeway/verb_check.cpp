// SPDX-License-Identifier: Apache-2.0
#include "causeway/verb_check.h"

#include "app/online_check.h"
#include "base/mask.h"
#include "causeway/load_configuration.h"
#include "net/task_group.h"
#include "watch/printable.h"

#include <iostream>

namespace causeway {
namespace {

constexpr milliseconds patience{10'000}; // of each trial

struct checking {
  net::loop loop;
  net::task_group tasks{loop};
  bool well = true;
};

net::task<> try_all(checking* self, const config::configuration* settings) {
  const auto lines = co_await app::check_online(&self->loop, settings, patience);
  for (const auto& line : lines) {
    const char* word = line.what == app::verdict::good   ? "good: "
                       : line.what == app::verdict::note ? "note: "
                                                         : "BAD: ";
    std::cout << watch::printable(line.subject) << ": " << word << watch::printable(mask_secrets(line.text))
              << '\n';
    self->well = self->well && line.what != app::verdict::bad;
  }
  self->loop.stop();
}

} // namespace

int verb_check(const std::string& file, bool offline) {
  const auto settings = load_configuration(file, purpose::check);
  if (!settings) return 2;
  std::cout << file << ": good: " << settings->applications.size() << " application(s), "
            << settings->azure.size() << " azure section(s)" << (offline ? "; nobody was asked" : "")
            << std::endl;
  if (offline) return 0;
  checking self;
  self.loop.on_signal([&self](int) {
    self.well = false;
    self.loop.stop();
  });
  self.tasks.spawn("check", net::restart_policy::never,
                   [&self, &settings] { return try_all(&self, &*settings); });
  self.loop.run();
  return self.well ? 0 : 1;
}

} // namespace causeway
