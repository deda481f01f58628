// SPDX-License-Identifier: Apache-2.0
#include "app/provision_run.h"

#include "app/fleet_provisioning.h"
#include "app/randomness.h"
#include "app/registry_wait.h"
#include "app/wiring.h"
#include "cloud/provisioning.h"
#include "core/device_table.h"
#include "core/device_view.h"
#include "stack/registry_client.h"
#include "store/store.h"

#include <set>

namespace causeway::app {
namespace {

constexpr milliseconds tick_interval{50};
constexpr seconds store_close_time{30};
// A quota of The Things Stack is a minute's, so that who is asked to slow down has a page within a few.
constexpr registry_patience patience{seconds{60}, seconds{180}};

// Without a registry the devices are those that the state knows, and all of them are wanted.
std::vector<core::application_rules> rules_for_all(const config::configuration& from) {
  auto rules = make_rules(from);
  for (auto& one : rules)
    one.follows_registry = true;
  return rules;
}

void take_as_listed(model::start_image& image, const config::configuration& from) {
  std::set<std::string> without_registry;
  for (const auto& rules : make_rules(from))
    if (!rules.follows_registry) without_registry.insert(rules.id.str());
  for (auto& record : image.devices) {
    if (!without_registry.contains(record.key.application.str())) continue;
    record.listed = true;
    record.integration = true;
  }
}

bool is_worth_another_try(const core::device& d) {
  const auto cls = describe(d.reason()).cls;
  return cls == error_class::transient || cls == error_class::throttled;
}

} // namespace

struct provision_run::parts final : store::store_events {
  net::loop& loop;
  net::task_group tasks;
  randomness random;
  std::vector<cloud::azure_section> sections;
  std::vector<bool> through_dps; // by application
  std::unique_ptr<store::store> store;
  fleet_provisioning fleet;
  cloud::provisioning provisioning;
  stack::registry_client registry;
  std::uint64_t from_cache = 0;
  registry_wait listing;

  parts(net::loop& on, const config::configuration& from, std::vector<cloud::azure_section> s,
        std::unique_ptr<store::store> disk)
      : loop{on},
        tasks{on},
        sections{std::move(s)},
        store{std::move(disk)},
        fleet{rules_for_all(from), [this] { return random.unit(); }, on.now()},
        provisioning{on, tasks, fleet, sections, [this] { return random.unit(); }, nullptr},
        registry{on,
                 tasks,
                 fleet,
                 make_registry_options(from),
                 make_registry_applications(from),
                 [this] { return random.unit(); }},
        listing{patience, on.now().mono} {
    for (const auto& application : from.applications)
      through_dps.push_back(from.azure_of(application.azure).dps.has_value());
    fleet.connect(*store, provisioning, registry);
  }
  void on_store_fault(const error&) override {} // the store itself logs store_failing
  void on_store_healed() override {}

  net::task<> tick() {
    while (true) {
      const bool going_on = co_await net::sleep_for(tick_interval);
      if (!going_on) co_return;
      fleet.tick(loop.now());
      listing.look(registry.totals(), loop.now().mono);
    }
  }
  bool counts(const core::device& d) const {
    return d.application < through_dps.size() && through_dps[d.application] &&
           d.state() != model::device_state::off && d.state() != model::device_state::unlisted &&
           d.state() != model::device_state::removed;
  }
};

provision_run::provision_run(std::unique_ptr<parts> p) : parts_{std::move(p)} {}
provision_run::~provision_run() = default;

result<std::unique_ptr<provision_run>> provision_run::start(net::loop& on,
                                                            const config::configuration& from) {
  auto sections = make_sections(from);
  if (!sections) return std::move(sections).fault();
  store::store_options options;
  options.directory = from.state.directory;
  auto opened =
      store::store::open(options, on, [&on](std::function<void()> work) { on.post(std::move(work)); });
  if (!opened) return std::move(opened).fault();
  auto image = (*opened)->load();
  if (!image) return std::move(image).fault();
  take_as_listed(*image, from);

  auto p = std::make_unique<parts>(on, from, std::move(*sections), std::move(*opened));
  p->store->start(p->fleet, *p);
  p->fleet.start(std::move(*image), on.now());
  p->fleet.devices().for_each([&](device_ref, const core::device& d) {
    if (p->counts(d) && d.assigned) ++p->from_cache;
  });
  p->registry.start();
  p->listing.look(p->registry.totals(), on.now().mono);
  p->tasks.spawn("tick", net::restart_policy::on_fault, [raw = p.get()] { return raw->tick(); });
  return std::unique_ptr<provision_run>{new provision_run{std::move(p)}};
}

provision_progress provision_run::progress() const {
  const auto& p = *parts_;
  provision_progress out;
  out.from_cache = p.from_cache;
  p.fleet.devices().for_each([&](device_ref, const core::device& d) {
    if (!p.counts(d)) return;
    ++out.devices;
    if (d.assigned)
      ++out.assigned;
    else if (d.state() == model::device_state::parked && !is_worth_another_try(d))
      ++out.refused;
    else
      ++out.unsettled;
  });
  // A device that the registry has switched off since is in neither.
  out.from_cache = std::min(out.from_cache, out.assigned);
  out.assigned -= out.from_cache;
  for (const auto& [section, totals] : p.provisioning.totals()) {
    out.limit_per_minute += totals.limit;
    out.held_seconds = std::max(out.held_seconds, std::chrono::duration<double>(totals.held_for).count());
  }
  for (const auto& [application, totals] : p.registry.totals()) {
    if (totals.last_error && !totals.complete)
      out.registry_faults[application.str()] =
          std::string{totals.last_error->name()} + ": " + totals.last_error->message();
  }
  for (const auto& [application, why] : p.listing.given_up())
    out.registry_faults[application.str()] = std::string{why.name()} + ": " + why.message();
  out.listing = p.listing.is_listing();
  out.done = !out.listing && out.unsettled == 0;
  return out;
}

std::vector<refused_device> provision_run::refused(std::size_t limit) const {
  std::vector<refused_device> out;
  std::optional<device_ref> after;
  do {
    const auto page = parts_->fleet.view().list(after, limit, {.state = model::device_state::parked});
    for (const auto& one : page.devices)
      if (out.size() < limit && one.reason)
        out.push_back({one.key.application.str(), one.key.device.str(),
                       std::string{describe(*one.reason).name}, one.reason_detail});
    after = page.next;
  } while (after && out.size() < limit);
  return out;
}

net::task<result<void>> provision_run::stop() {
  auto& p = *parts_;
  co_await p.tasks.stop();
  co_return p.store->close(p.loop.now().mono + store_close_time);
}

} // namespace causeway::app
