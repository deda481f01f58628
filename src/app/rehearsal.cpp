// SPDX-License-Identifier: Apache-2.0
#include "app/rehearsal.h"

#include "app/outlook.h"
#include "app/plan_source.h"
#include "app/randomness.h"
#include "app/registry_wait.h"
#include "app/wiring.h"
#include "cloud/provisioning.h"
#include "stack/registry_client.h"
#include "store/store.h"

#include <algorithm>
#include <filesystem>

namespace causeway::app {
namespace {

constexpr milliseconds look_interval{20};
// Of throttling, as long as the caller has.
constexpr registry_patience patience_by_cause{seconds{10}, seconds{86'400}};

struct stage {
  net::loop& loop;
  net::task_group tasks;
  randomness random;
  std::vector<cloud::azure_section> sections;
  outlook seen;
  struct : model::provisioner_events {
    void on_assignment(device_ref, result<model::assignment>, moment) override {} // nobody is asked for one
  } nobody;
  cloud::provisioning provisioning; // for its fingerprints
  stack::registry_client registry;

  stage(net::loop& on, const config::configuration& from, std::vector<cloud::azure_section> s)
      : loop{on},
        tasks{on},
        sections{std::move(s)},
        seen{make_rules(from)},
        provisioning{on, tasks, nobody, sections, [this] { return random.unit(); }, nullptr},
        registry{on, tasks, seen, make_registry_options(from), make_registry_applications(from), [this] {
                   return random.unit();
                 }} {
    seen.connect(provisioning, registry);
  }
};

} // namespace

result<model::start_image> read_state(const net::loop& on, const config::configuration& from) {
  std::error_code ignored;
  // A first start: to look must not make it.
  if (!std::filesystem::exists(from.state.directory / "spool.db", ignored)) return model::start_image{};
  const auto older = store::needs_migration(from.state.directory);
  if (!older) return older.fault();
  if (*older)
    return error{errc::state_unusable,
                 from.state.directory.string() +
                     ": it was written by an older Causeway, and a plan changes nothing; start this one once "
                     "(`causeway run`, or `causeway provision`), which brings it up to date, then plan"};
  store::store_options options;
  options.directory = from.state.directory;
  options.mends = false;
  auto opened = store::store::open(options, on, [](const std::function<void()>&) {});
  if (!opened) return std::move(opened).fault();
  auto image = (*opened)->load();
  if (!image) return std::move(image).fault();
  return std::move(*image);
}

net::task<result<watch::plan>> rehearse(net::loop& on, const config::configuration& from,
                                        milliseconds patience) {
  auto sections = make_sections(from);
  if (!sections) co_return std::move(sections).fault();
  auto image = read_state(on, from);
  if (!image) co_return std::move(image).fault();

  const auto s = std::make_unique<stage>(on, from, std::move(*sections));
  s->seen.begin(*image, on.now());
  s->registry.start();
  const auto deadline = on.now().mono + patience;
  registry_wait wait{patience_by_cause, on.now().mono};
  const auto listing = [&] {
    wait.look(s->registry.totals(), on.now().mono);
    return wait.is_listing();
  };
  while (listing() && on.now().mono < deadline) {
    const bool going_on = co_await net::sleep_for(look_interval);
    if (!going_on) break;
  }
  auto frame = make_plan_frame(from, s->sections);
  for (auto& application : frame.applications) {
    const auto found = s->registry.totals().find(application.id);
    if (found == s->registry.totals().end()) {
      application.note = "no api_key: only devices that have sent";
    } else if (found->second.complete) {
      application.source = "registry";
    } else {
      application.note = found->second.last_error ? "the registry: " + found->second.last_error->message()
                                                  : std::string{"the registry did not answer in time"};
    }
  }
  auto plan = watch::make_plan(count_plan(s->seen.devices(), frame));
  co_await s->tasks.stop();
  co_return std::move(plan);
}

} // namespace causeway::app
