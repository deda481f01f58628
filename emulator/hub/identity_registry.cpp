// SPDX-License-Identifier: Apache-2.0
#include "emulator/hub/identity_registry.h"

#include "base/check.h"
#include "base/encoding.h"

#include <algorithm>

namespace causeway::emulator {

key_pair derive_keys(const key_pair& master, std::string_view name) {
  return {azure::derive_device_key(master.primary, name), azure::derive_device_key(master.secondary, name)};
}

identity_registry::identity_registry(std::vector<std::string> hosts) : hosts_{std::move(hosts)} {
  CAUSEWAY_CHECK(!hosts_.empty());
}

bool identity_registry::is_host(std::string_view host) const {
  const auto colon = host.rfind(':');
  const bool has_port = colon != std::string_view::npos && colon + 1 < host.size() &&
                        host.find_first_not_of("0123456789", colon + 1) == std::string_view::npos;
  const auto bare = has_port ? host.substr(0, colon) : host;
  return std::any_of(hosts_.begin(), hosts_.end(), [&](const std::string& ours) {
    return equals_ignoring_case(ours, bare) || equals_ignoring_case(ours, host);
  });
}

void identity_registry::put_policy(const std::string& name, hub_policy policy) {
  policies_.insert_or_assign(name, std::move(policy));
}

const hub_policy* identity_registry::find_policy(const std::string& name) const {
  const auto found = policies_.find(name);
  return found == policies_.end() ? nullptr : &found->second;
}

void identity_registry::put(const identity& id, key_pair keys, bool enabled) {
  const auto found = identities_.find(id);
  if (found == identities_.end()) {
    identities_.emplace(id, hub_identity{std::move(keys), enabled, ++generations_});
    return;
  }
  found->second.keys = std::move(keys);
  found->second.enabled = enabled;
  ++found->second.changes;
}

bool identity_registry::set_enabled(const identity& id, bool enabled) {
  const auto found = identities_.find(id);
  if (found == identities_.end()) return false;
  found->second.enabled = enabled;
  ++found->second.changes;
  return true;
}

bool identity_registry::remove(const identity& id) {
  return identities_.erase(id) > 0;
}

const hub_identity* identity_registry::find(const identity& id) const {
  const auto found = identities_.find(id);
  return found == identities_.end() ? nullptr : &found->second;
}

std::vector<identity> identity_registry::list(const std::string& after, std::size_t limit) const {
  std::vector<identity> names;
  for (const auto& entry : identities_)
    if (entry.first.str() > after) names.push_back(entry.first);
  const auto kept = std::min(limit, names.size());
  std::partial_sort(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(kept), names.end());
  names.resize(kept);
  return names;
}

} // namespace causeway::emulator
