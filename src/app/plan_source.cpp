// SPDX-License-Identifier: Apache-2.0
#include "app/plan_source.h"

#include "app/wiring.h"
#include "azure/limits.h"

#include <algorithm>
#include <map>

namespace causeway::app {
namespace {

void add_tiers(planned_section& to, const config::azure_settings& from) {
  if (from.kind != config::azure_kind::iot_hub || from.connects_per_second) return;
  to.tier = from.tier + (from.units == 1 ? std::string{} : ", " + std::to_string(from.units) + " units");
  for (const auto tier : {azure::tier::s1, azure::tier::s2, azure::tier::s3})
    if (const auto limits = azure::hub_limits_of(tier, from.units))
      to.tiers.emplace_back(azure::to_string(tier), limits->connects);
}

// Where a section's devices are going: hosts that are known, and those that DPS, or the device's own
// connection string, has yet to name.
struct crowd {
  std::uint64_t devices = 0, twins = 0;
  void add(bool has_twin) {
    ++devices;
    if (has_twin) ++twins;
  }
};
struct destinations {
  std::map<std::string, crowd> hosts;
  crowd unnamed;
};

std::vector<watch::plan_hub> hubs_of(const planned_section& section, destinations found) {
  // Where DPS has only ever said one hub it is likely to say it again.
  if (found.hosts.size() == 1) {
    found.hosts.begin()->second.devices += found.unnamed.devices;
    found.hosts.begin()->second.twins += found.unnamed.twins;
    found.unnamed = {};
  }
  if (found.unnamed.devices != 0) found.hosts["a hub of " + section.name.str()] = found.unnamed;
  std::vector<watch::plan_hub> hubs;
  for (const auto& [host, bound] : found.hosts)
    hubs.push_back({host, section.name.str(), bound.devices, section.connects_per_second, section.tier,
                    section.tiers, section.twin_reads_per_second, bound.twins});
  return hubs;
}

} // namespace

plan_frame make_plan_frame(const config::configuration& from,
                           const std::vector<cloud::azure_section>& sections) {
  plan_frame frame;
  for (const auto& section : sections) {
    planned_section made;
    made.name = section.name;
    made.through_dps = section.through_dps();
    if (section.policy) made.host = section.policy->hub.id().str();
    made.registrations_per_minute = section.enrolment.registrations_per_minute;
    if (section.enrolment.first_poll)
      made.first_poll_seconds = std::chrono::duration<double>(*section.enrolment.first_poll).count();
    made.polls_per_minute = section.enrolment.operations_per_second * 60;
    made.connects_per_second = section.connects_per_second;
    made.twin_reads_per_second = section.twin_reads_per_second;
    add_tiers(made, from.azure_of(section.name));
    frame.sections.push_back(std::move(made));
  }
  for (const auto& application : from.applications) {
    planned_application made{application.id, 0, "cache", {}, follows_twins(from, application)};
    for (std::size_t i = 0; i < frame.sections.size(); ++i)
      if (frame.sections[i].name == application.azure) made.section = i;
    frame.applications.push_back(std::move(made));
  }
  return frame;
}

watch::plan_input count_plan(const core::device_table& table, const plan_frame& frame) {
  watch::plan_input plan;
  std::vector<destinations> to(frame.sections.size());
  std::vector<std::uint64_t> registrations(frame.sections.size());
  for (const auto& application : frame.applications) {
    plan.applications.push_back({application.id.str(), 0, 0, 0, 0, 0, application.source, application.note});
  }
  table.for_each([&](device_ref, const core::device& d) {
    if (d.application >= frame.applications.size()) return;
    const auto& application = frame.applications[d.application];
    const auto index = application.section;
    const auto& section = frame.sections[index];
    const bool has_twin = application.has_twins && section.twin_reads_per_second > 0;
    auto& count = plan.applications[d.application];
    ++count.devices;
    const bool waits = d.state() == model::device_state::off || d.state() == model::device_state::unlisted ||
                       d.state() == model::device_state::removed ||
                       (d.state() == model::device_state::known && !d.assigned);
    if (waits) {
      ++count.idle;
      return;
    }
    if (!section.through_dps) {
      ++count.at_once;
      if (d.assigned)
        to[index].hosts[table.hub_of(d).host.str()].add(has_twin);
      else if (!section.host.empty())
        to[index].hosts[section.host].add(has_twin);
      else
        to[index].unnamed.add(has_twin);
    } else if (d.assigned) {
      ++count.assigned;
      to[index].hosts[table.hub_of(d).host.str()].add(has_twin);
    } else {
      ++count.by_dps;
      ++registrations[index];
      to[index].unnamed.add(has_twin);
    }
  });
  for (std::size_t i = 0; i < frame.sections.size(); ++i) {
    const auto& section = frame.sections[i];
    if (section.through_dps) {
      // Each may poll twice: beyond that the last ones have no room for an early poll.
      const bool early = 2 * static_cast<double>(registrations[i]) <= section.polls_per_minute;
      plan.dps.push_back({section.name.str(), registrations[i], section.registrations_per_minute,
                          early ? section.first_poll_seconds : 0});
    }
    for (auto& hub : hubs_of(section, std::move(to[i]))) {
      // Sections may share a hub, and then its quota.
      const auto same = std::ranges::find(plan.hubs, hub.name, &watch::plan_hub::name);
      if (same == plan.hubs.end()) {
        plan.hubs.push_back(std::move(hub));
        continue;
      }
      same->devices += hub.devices;
      same->twins += hub.twins;
    }
  }
  return plan;
}

} // namespace causeway::app
