// SPDX-License-Identifier: Apache-2.0
#include "cloud/provisioning.h"

#include <algorithm>
#include <utility>

namespace causeway::cloud {

provisioning::provisioning(net::loop& on, net::task_group& tasks, model::provisioner_events& core,
                           const std::vector<azure_section>& sections, std::function<double()> random,
                           model::timeline* timeline)
    : loop_{on}, core_{core}, sections_{sections} {
  for (const auto& section : sections_) {
    if (!section.through_dps()) continue;
    services_.emplace(section.name.str(), std::make_unique<dps_client>(
                                              on, tasks, section, random, timeline,
                                              [this](device_ref device, result<model::assignment> where) {
                                                core_.on_assignment(device, std::move(where), loop_.now());
                                              }));
  }
}

provisioning::~provisioning() = default;

const azure_section* provisioning::find(const azure_name& name) const {
  const auto found =
      std::find_if(sections_.begin(), sections_.end(), [&](const auto& s) { return s.name == name; });
  return found == sections_.end() ? nullptr : &*found;
}

std::string provisioning::fingerprint(const azure_name& section) const {
  const auto found = services_.find(section.str());
  return found == services_.end() ? std::string{} : found->second->fingerprint();
}

void provisioning::answer_later(device_ref device, result<model::assignment> where) {
  // Posted, because the core does not expect its answer from inside the call.
  loop_.post([this, device, where = std::move(where), alive = std::weak_ptr<int>{alive_}]() mutable {
    if (!alive.expired()) core_.on_assignment(device, std::move(where), loop_.now());
  });
}

void provisioning::find_hub(device_ref device, const azure_name& name, const identity& wanted,
                            const model::connect_wish& wish) {
  if (const auto dps = services_.find(name.str()); dps != services_.end())
    return dps->second->find_hub(device, wanted, wish);
  const auto* section = find(name);
  if (section == nullptr)
    return answer_later(device, error{errc::internal, "no section azure." + name.str()});
  model::assignment where{{}, wanted, name, loop_.now().wall, {}};
  if (const auto own = section->devices.find(wanted.str()); own != section->devices.end()) {
    where.hub = own->second.hub.id();
  } else if (section->policy) {
    where.hub = section->policy->hub.id();
  } else {
    return answer_later(device,
                        error{errc::hub_unauthorized,
                              "azure." + name.str() + " has no connection string for " + wanted.str()});
  }
  answer_later(device, std::move(where));
}

void provisioning::call_off(device_ref device) {
  for (const auto& [name, service] : services_)
    service->call_off(device);
}

void provisioning::hurry(device_ref device) {
  for (const auto& [name, service] : services_)
    service->hurry(device);
}

model::link_progress provisioning::progress(device_ref device) const {
  for (const auto& [name, service] : services_)
    if (auto progress = service->progress(device); progress.fault || !progress.waits_for.empty())
      return progress;
  return {};
}

void provisioning::by_clocks(service_clocks& clocks) {
  for (const auto& [name, service] : services_)
    service->by_clocks(clocks);
}

void provisioning::try_now() {
  for (const auto& [name, service] : services_)
    service->try_now();
}

std::map<std::string, model::dps_totals> provisioning::totals() const {
  std::map<std::string, model::dps_totals> all;
  for (const auto& [name, service] : services_)
    all.emplace(name, service->totals());
  return all;
}

} // namespace causeway::cloud
