// SPDX-License-Identifier: Apache-2.0
#include "app/identity_check.h"

#include "azure/connection_string.h"
#include "base/encoding.h"
#include "core/identity_overlap.h"

#include <algorithm>
#include <iterator>
#include <map>

namespace causeway::app {
namespace {

std::string realm_of(const azure::hub_address& hub) {
  const auto name = hub.hub().str();
  return "hub/" + name.substr(0, name.find(".azure-devices.")); // whatever its port
}

std::string shown(const config::application_settings& one) {
  return one.id.str() + " (azure." + one.azure.str() + ", identity " + json_quoted(one.identity) + ")";
}

bool is_by_eui(const config::application_settings& one) {
  return one.identity.find("{dev_eui}") != std::string::npos;
}

} // namespace

std::vector<std::string> realms_of(const config::azure_settings& section) {
  if (section.dps) return {"dps/" + to_lower(section.dps->id_scope)};
  std::vector<std::string> realms;
  const auto add = [&](const secret& text) {
    const auto parsed = azure::parse_connection_string(text, {});
    if (parsed) realms.push_back(realm_of(parsed->hub));
  };
  if (section.connection_string) add(*section.connection_string);
  for (const auto& device : section.devices)
    add(device.connection_string);
  return realms;
}

bool has_any_case(const config::azure_settings& section) {
  return section.dps && section.dps->id_case == config::id_case::lower;
}

void check_identities(const config::configuration& from, config::findings& found) {
  std::map<azure_name, std::vector<std::string>> realms; // sorted
  std::map<azure_name, bool> any_case;
  for (const auto& section : from.azure) {
    auto& its = realms[section.name] = realms_of(section);
    std::sort(its.begin(), its.end());
    any_case[section.name] = has_any_case(section);
  }
  const auto may_meet = [&](const azure_name& one, const azure_name& other) {
    std::vector<std::string> both;
    std::set_intersection(realms[one].begin(), realms[one].end(), realms[other].begin(), realms[other].end(),
                          std::back_inserter(both));
    return one == other || !both.empty();
  };
  const auto rule_of = [](const config::application_settings& one) {
    return core::identity_rule{one.id, one.identity, one.api_key.has_value()};
  };
  const auto& all = from.applications;
  for (std::size_t i = 0; i < all.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) {
      const auto& one = all[j];
      const auto& other = all[i];
      if (one.id == other.id || !may_meet(one.azure, other.azure)) continue;
      if (!core::can_meet(rule_of(one), rule_of(other), any_case[one.azure])) continue;
      std::string detail = "applications " + shown(one) + " and " + shown(other);
      detail +=
          " can give two devices one name in Azure; write \"{application_id}.{device_id}\": no id has a "
          "full stop";
      if (is_by_eui(one) && is_by_eui(other))
        detail += "; or give both an api_key, so that the registry says their DevEUIs";
      found.refuse(from.places.of("application." + std::to_string(i), "identity"),
                   error{errc::config_invalid_value, std::move(detail)});
    }
}

} // namespace causeway::app
