// SPDX-License-Identifier: Apache-2.0
#include "core/claims.h"

#include "core/device_table.h"
#include "core/naming.h"
#include "core/rule_book.h"

#include "base/encoding.h"

#include <utility>

namespace causeway::core {

claims::name claims::name_of(const device& d, const identity& wanted) const {
  const auto& rules = rules_.of(d);
  name made;
  made.text = (rules.realm.empty() ? rules.section.str() : rules.realm) + "/" +
              (rules.any_case ? to_lower(wanted.str()) : wanted.str());
  made.hash = std::hash<std::string>{}(made.text);
  return made;
}

// By its template; nothing where it lacks a field of it.
std::optional<claims::name> claims::name_of(const device& d) const {
  const auto wanted = names_.wanted_of(d);
  if (!wanted) return std::nullopt;
  return name_of(d, *wanted);
}

// There are hashes only: whoever stands there must have this very name.
std::optional<device_ref> claims::holder_of(const name& of) const {
  const auto found = holders_.find(of.hash);
  if (found == holders_.end() || !table_.contains(found->second)) return std::nullopt;
  const auto theirs = name_of(table_.at(found->second));
  if (!theirs || theirs->text != of.text) return std::nullopt;
  return found->second;
}

std::optional<device_ref> claims::claim(device_ref which, const identity& wanted) {
  const auto asked = name_of(table_.at(which), wanted);
  if (const auto holder = holder_of(asked)) return *holder == which ? std::nullopt : holder;
  holders_[asked.hash] = which;
  return std::nullopt;
}

bool claims::give_up(device_ref which) {
  const auto held = name_of(table_.at(which));
  if (!held) return false;
  const auto found = holders_.find(held->hash);
  if (found == holders_.end() || found->second != which) return false;
  holders_.erase(found);
  return true;
}

} // namespace causeway::core
