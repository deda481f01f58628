// SPDX-License-Identifier: Apache-2.0
#include "cloud/hub_pool.h"

#include "cloud/hub_fleet.h"

#include <algorithm>

namespace causeway::cloud {
namespace {

// DPS has at most 50 hubs (azure-iot-wire.md E.8). Each costs a connection for ever, so a DPS that names more
// than any configuration can mean is not followed.
constexpr std::size_t most_hubs = 1'000;

std::uint64_t owner_key(const hub_host& hub, const identity& name) {
  return std::hash<std::string>{}(hub.str() + " " + name.str());
}

// A hub's window is a second, and what is sent in one may arrive in a little less than that: so a little less
// is sent. burst_share: of the quota; what a stall of so many seconds may make up for.
budget_options budget_of(double quota, double burst_share) {
  budget_options options;
  options.ceiling = std::max(1.0, quota * 0.99);
  options.burst = std::max(1.0, options.ceiling * burst_share);
  return options;
}

} // namespace

pool_member* pool_state::find(device_ref device) {
  if (index_of(device) >= members.size()) return nullptr;
  auto& who = members[index_of(device)];
  return who.hub == nullptr ? nullptr : &who;
}

void pool_state::disown(device_ref device) {
  const auto& who = at(device);
  const auto owner = owners.find(owner_key(who.hub->address().hub(), who.identity));
  if (owner != owners.end() && owner->second == device) owners.erase(owner);
  models.release(who.model);
}

void pool_state::note(model::phase what, mono_time begin, std::chrono::nanoseconds duration,
                      std::optional<device_ref> device, model::connection_number connection,
                      std::optional<errc> fault) {
  if (spans != nullptr) spans->note({begin, duration, device, connection, what, fault});
}

hub_pool::hub_pool(net::loop& on, net::task_group& tasks, const std::vector<azure_section>& sections,
                   service_clocks& clocks, std::function<double()> random, model::timeline* spans)
    : state_{std::make_unique<pool_state>(pool_state{on, tasks, clocks, std::move(random), spans})},
      sections_{sections} {}

hub_pool::~hub_pool() = default;

void hub_pool::answer_to(model::hub_link_events& bridge) {
  state_->bridge = &bridge;
}

hub_fleet* hub_pool::fleet_of(const model::assignment& where) {
  auto& pool = *state_;
  auto address = azure::parse_hub_address(where.hub.str());
  if (!address) return nullptr;
  const auto key = where.section.str() + " " + address->hub().str();
  if (const auto found = pool.fleets.find(key); found != pool.fleets.end()) return found->second.get();
  const auto section = std::find_if(sections_.begin(), sections_.end(),
                                    [&](const auto& s) { return s.name == where.section; });
  if (section == sections_.end() || pool.fleets.size() >= most_hubs) return nullptr;
  auto& budgets = pool.budgets[address->hub().str()];
  if (budgets) {
    // Two sections with one hub: what the more careful one says.
    budgets->connects.lower_ceiling(budget_of(section->connects_per_second, 0).ceiling);
    budgets->sends.lower_ceiling(budget_of(section->sends_per_second, 0).ceiling);
  } else {
    const auto now = pool.loop.now().mono;
    budgets = std::make_shared<hub_budgets>(hub_budgets{{budget_of(section->connects_per_second, 0.025), now},
                                                        {budget_of(section->sends_per_second, 0.1), now}});
  }
  auto made = std::make_unique<hub_fleet>(pool, *section, std::move(*address), budgets);
  return pool.fleets.emplace(key, std::move(made)).first->second.get();
}

void hub_pool::attach(device_ref device, const model::assignment& where, const model::connect_wish& wish) {
  auto& pool = *state_;
  if (pool.closing) return; // the spool keeps what the device has
  auto* hub = fleet_of(where);
  if (pool.scouts != 0)
    for (const auto& [key, other] : pool.fleets)
      if (other->is_scout(device)) other->on_scout_told(other.get() != hub);
  if (auto* known = pool.find(device)) {
    const bool same = known->hub == hub && known->identity == where.identity;
    if (same && known->at == pool_member::stage::attached)
      pool.loop.post([&pool, device, alive = std::weak_ptr<int>{pool.alive}] {
        if (alive.expired()) return;
        const auto* who = pool.find(device);
        if (who != nullptr && who->at == pool_member::stage::attached)
          pool.bridge->on_device_attached(device, pool.loop.now());
      });
    if (same) return;
    detach(device);
  }
  const auto owner = hub == nullptr ? 0 : owner_key(hub->address().hub(), where.identity);
  const auto taken = hub == nullptr ? pool.owners.end() : pool.owners.find(owner);
  std::optional<error> refusal;
  if (hub == nullptr)
    refusal = error{errc::hub_not_found, "\"" + where.hub.str() + "\" is no host name, or one hub too many"};
  if (taken != pool.owners.end() && taken->second != device)
    refusal = error{errc::identity_taken,
                    where.identity.str() + "; the identity templates must tell the devices apart"};
  if (refusal) {
    pool.loop.post([&pool, device, why = *refusal, alive = std::weak_ptr<int>{pool.alive}] {
      if (!alive.expired() && pool.find(device) == nullptr)
        pool.bridge->on_device_detached(device, why, false, pool.loop.now());
    });
    return;
  }
  if (index_of(device) >= pool.members.size()) pool.members.resize(index_of(device) + 1);
  auto& who = pool.at(device);
  who.hub = hub;
  who.identity = where.identity;
  who.model = pool.models.hold(wish.model_id);
  who.lane = wish.application;
  who.commands = wish.commands && hub->section().has_commands;
  who.urgent = wish.urgent;
  pool.owners.insert_or_assign(owner, device);
  hub->attach(device);
}

void hub_pool::detach(device_ref device) {
  if (state_->closing) return;
  if (auto* who = state_->find(device)) who->hub->detach(device);
}

void hub_pool::hurry(device_ref device) {
  if (auto* who = state_->find(device)) who->hub->hurry(device);
}

void hub_pool::send(device_ref device, spool_seq seq, const model::message& what) {
  if (state_->closing) return; // the spool keeps it
  // The core hears of a lost connection before anything else happens on this thread.
  state_->at(device).hub->send(device, seq, what);
}

model::link_progress hub_pool::progress(device_ref device) const {
  const auto* who = state_->find(device);
  return who == nullptr ? model::link_progress{} : who->hub->progress(device);
}

void hub_pool::renew_tokens() {
  for (const auto& [key, hub] : state_->fleets)
    hub->renew_tokens();
}

void hub_pool::try_now() {
  for (const auto& [key, hub] : state_->fleets)
    hub->try_now();
}

net::task<> hub_pool::close(std::chrono::milliseconds patience) {
  auto& pool = *state_;
  pool.closing = true;
  const auto began = pool.loop.now().mono, deadline = began + patience;
  const auto any_in_flight = [&pool] {
    return std::any_of(pool.fleets.begin(), pool.fleets.end(),
                       [](const auto& hub) { return hub.second->any_in_flight(); });
  };
  while (any_in_flight() && pool.loop.now().mono < began + patience / 4) {
    const bool going_on = co_await net::sleep_for(milliseconds{5});
    if (!going_on) co_return;
  }
  for (auto& [key, hub] : pool.fleets)
    hub->close();
  const auto any_open = [&pool] {
    return std::any_of(pool.fleets.begin(), pool.fleets.end(),
                       [](const auto& hub) { return hub.second->any_open(); });
  };
  while (any_open() && pool.loop.now().mono < deadline) {
    const bool going_on = co_await net::sleep_for(milliseconds{5});
    if (!going_on) co_return;
  }
  // One after the other: the end of a thousand links is some milliseconds in which nothing else is served.
  for (auto& [key, hub] : pool.fleets)
    while (pool.loop.now().mono < deadline + patience && hub->cut_one()) {
      const bool going_on = co_await net::sleep_for(milliseconds{1});
      if (!going_on) co_return;
    }
}

std::map<std::string, hub_totals> hub_pool::totals() const {
  std::map<std::string, hub_totals> out;
  for (const auto& [key, hub] : state_->fleets) {
    model::gather(model::hub_figures, out[hub->address().hub().str()], hub->totals());
  }
  return out;
}

} // namespace causeway::cloud
