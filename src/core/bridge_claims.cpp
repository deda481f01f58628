// SPDX-License-Identifier: Apache-2.0
// Who has which identity. Of two devices that claim one, the one that has it on disk keeps it, whether it is
// connected or not; else the first one has it until it is deleted or forgotten.
#include "core/bridge.h"

#include "base/encoding.h"

#include <utility>

namespace causeway::core {

bridge::claimed_name bridge::name_of(const device& d, const identity& wanted) const {
  const auto& rules = rules_of(d);
  claimed_name name;
  name.text = (rules.realm.empty() ? rules.section.str() : rules.realm) + "/" +
              (rules.any_case ? to_lower(wanted.str()) : wanted.str());
  name.hash = std::hash<std::string>{}(name.text);
  return name;
}

// By its template; nothing where it lacks a field of it.
std::optional<bridge::claimed_name> bridge::name_of(const device& d) const {
  const auto wanted = expand_identity(rules_of(d).identity_template, key_of(d), d.dev_eui());
  if (!wanted) return std::nullopt;
  return name_of(d, *wanted);
}

// The table has hashes only: whoever stands there must have this very name.
std::optional<device_ref> bridge::holder_of(const claimed_name& name) const {
  const auto found = claims_.find(name.hash);
  if (found == claims_.end() || !table_.contains(found->second)) return std::nullopt;
  const auto theirs = name_of(table_.at(found->second));
  if (!theirs || theirs->text != name.text) return std::nullopt;
  return found->second;
}

// False: it is another's.
bool bridge::claim(device_ref which, const identity& wanted) {
  const auto name = name_of(table_.at(which), wanted);
  if (const auto holder = holder_of(name)) return *holder == which;
  claims_[name.hash] = which;
  return true;
}

void bridge::unclaim(device_ref which) {
  const auto name = name_of(table_.at(which));
  if (!name) return;
  const auto found = claims_.find(name->hash);
  if (found != claims_.end() && found->second == which) claims_.erase(found);
}

} // namespace causeway::core
