// SPDX-License-Identifier: Apache-2.0
#include "core/naming.h"

#include <utility>

namespace causeway::core {

identity naming::identity_of(const device& d) const {
  if (d.own_identity) return identity{*d.own_identity};
  auto given = wanted_of(d);
  return given ? *std::move(given) : identity{};
}

void naming::set_identity(device& d, const identity& is) const {
  d.own_identity.reset();
  if (identity_of(d) != is) d.own_identity = std::make_unique<std::string>(is.str());
}

bool naming::is_by_eui(const device& d) const {
  return rules_.of(d).identity_template.find("{dev_eui}") != std::string::npos;
}

void naming::set_eui(device& d, std::uint64_t eui) const {
  const auto kept = d.assigned ? identity_of(d) : identity{};
  d.eui = eui;
  d.has_eui = true;
  if (d.assigned) set_identity(d, kept);
}

const std::string& naming::model_of(const device& d) const {
  const auto& rules = rules_.of(d);
  const auto& own = table_.model_of(d);
  return rules.follows_registry && !own.empty() ? own : rules.model_id;
}

connect_wish naming::wish_of(const device& d) const {
  connect_wish wish{model_of(d), rules_.of(d).commands, d.application, d.waiting != 0};
  wish.methods = wish.commands;
  wish.twin = wish.commands && rules_.of(d).twin;
  return wish;
}

} // namespace causeway::core
