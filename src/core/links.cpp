// SPDX-License-Identifier: Apache-2.0
#include "core/links.h"

#include "core/device_table.h"
#include "core/holdings.h"
#include "core/naming.h"
#include "core/rule_book.h"

namespace causeway::core {

links::links(const outlet<hub_link>& hub, const outlet<provisioner>& finder, const naming& names,
             const rule_book& rules, const device_table& table, const holdings& here, shard_totals& totals)
    : hub_{hub}, finder_{finder}, names_{names}, rules_{rules}, table_{table}, here_{here}, totals_{totals} {}

void links::find_hub(device_ref which, const identity& wanted) {
  const auto& d = table_.at(which);
  if (!here_.lets(d)) return;
  ++totals_.provisionings;
  finder_->find_hub(which, rules_.of(d).section, wanted, names_.wish_of(d));
}

void links::attach(device_ref which) {
  const auto& d = table_.at(which);
  if (!here_.lets(d)) return;
  const auto& hub = table_.hub_of(d);
  auto wish = names_.wish_of(d);
  wish.shard = here_.of(d);
  ++totals_.attaches;
  hub_->attach(
      which,
      {hub.host, names_.identity_of(d), hub.section, wall_time{seconds{d.assigned_at}}, hub.fingerprint},
      wish);
}

void links::end(device_ref which, stage from) {
  if (from == stage::provisioning) finder_->call_off(which);
  const auto state = state_of(from);
  if (state != device_state::attaching && state != device_state::online) return;
  hub_->detach(which);
  ++totals_.detaches;
}

void links::close(shard_number which, mono_time until) {
  for (const auto one : here_.devices_of(which, table_))
    if (table_.at(one).state() == device_state::provisioning) finder_->call_off(one);
  hub_->close(which, until);
}

void links::hurry_hub(device_ref which) {
  if (table_.at(which).waiting != 0) hub_->hurry(which);
}

link_progress links::progress(device_ref which) const {
  return table_.at(which).state() == device_state::provisioning ? finder_->progress(which)
                                                                : hub_->progress(which);
}

} // namespace causeway::core
