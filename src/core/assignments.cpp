// SPDX-License-Identifier: Apache-2.0
#include "core/assignments.h"

#include "core/claims.h"
#include "core/device_table.h"
#include "core/draft.h"
#include "core/naming.h"
#include "core/rule_book.h"

#include <utility>

namespace causeway::core {

assignments::assignments(const rule_book& rules, const naming& names, claims& claimed, device_table& table,
                         const outlet<provisioner>& finder, draft& book)
    : rules_{rules}, names_{names}, claims_{claimed}, table_{table}, finder_{finder}, book_{book} {}

const std::string& assignments::origin_of(std::uint32_t application) {
  auto& origin = origins_[application];
  if (!origin) origin = origin_by(rules_.at(application));
  return *origin;
}

std::string assignments::origin_by(const application_rules& rules) const {
  const auto enrolment = finder_->fingerprint(rules.section);
  return enrolment.empty() ? enrolment : enrolment + "/" + rules.identity_template;
}

bool assignments::take(device_ref which, assignment where) {
  auto& d = table_.at(which);
  where.fingerprint = origin_of(d.application);
  const device_table::hub hub{where.hub, where.section, where.fingerprint};
  const bool was_assigned = d.assigned;
  // One by connection string that is on disk has the identity of its template.
  const bool is_at_it = table_.hub_of(d) == hub;
  const bool is_same = (d.assigned && is_at_it && names_.identity_of(d) == where.identity) ||
                       (!d.assigned && d.remembered && is_at_it);
  d.assigned = true;
  table_.set_hub(d, hub);
  names_.set_identity(d, where.identity);
  if (!is_same) book_.place(which, names_.key_of(d), where);
  d.remembered = true;
  d.assigned_at = static_cast<std::uint32_t>(unix_seconds(where.assigned_at));
  return was_assigned && !is_same;
}

bool assignments::place(device_ref which, const assignment& where) {
  auto& d = table_.at(which);
  const auto& origin = origin_of(d.application);
  const auto wanted = names_.wanted_of(d);
  const bool fits = where.section == rules_.of(d).section && where.fingerprint == origin &&
                    (!origin.empty() || (wanted && *wanted == where.identity));
  if (!fits || (wanted && claims_.claim(which, *wanted))) return false;
  d.remembered = true;
  if (origin.empty()) { // finding the hub again costs nothing, so that a changed connection string counts
    table_.set_hub(d, {where.hub, where.section, {}});
    return true;
  }
  d.assigned_at = static_cast<std::uint32_t>(unix_seconds(where.assigned_at));
  names_.set_identity(d, where.identity);
  table_.set_hub(d, {where.hub, where.section, where.fingerprint});
  d.assigned = true;
  return true;
}

bool assignments::let_go(device_ref which) {
  return claims_.give_up(which);
}

bool assignments::claim_again(device_ref which) {
  const auto wanted = names_.wanted_of(table_.at(which));
  return !wanted || !claims_.claim(which, *wanted);
}

bool assignments::seeks_hub(const device& d) {
  return d.waiting != 0 || rules_.of(d).follows_registry || origin_of(d.application).empty();
}

void assignments::lose(device_ref which) {
  auto& d = table_.at(which);
  claims_.give_up(which);
  d.assigned = false;
  d.remembered = false;
  d.own_identity.reset();
  displace(which);
}

void assignments::displace(device_ref which) {
  book_.displace(which, names_.key_of(table_.at(which)));
}

} // namespace causeway::core
