// SPDX-License-Identifier: Apache-2.0
#include "core/roster.h"

#include "base/log.h"

namespace causeway::core {

roster::roster(const rule_book& rules, const naming& names, device_table& table,
               const outlet<registry>& stack, shard_totals& totals)
    : rules_{rules}, names_{names}, table_{table}, stack_{stack}, totals_{totals} {}

bool roster::is_switched_off(const device& d) const {
  if (!rules_.serves(d)) return true;
  const auto& rules = rules_.of(d);
  return rules.follows_registry && (d.listed || d.deleted) && !d.said().value_or(rules.enabled_by_default);
}

void roster::restore(device_ref which, const device_record& from) {
  auto& d = table_.at(which);
  d.listed = from.listed;
  d.deleted = from.deleted;
  d.integration_said = from.integration.has_value();
  d.integration = from.integration.value_or(false);
  table_.set_model(d, from.model_id);
  if (!from.listed) return;
  has_list_[d.application] = true;
  ++totals_.registry.listed;
}

void roster::look_up(device_ref which) {
  auto& d = table_.at(which);
  d.looking_up = true;
  ++totals_.registry.look_ups;
  stack_->look_up(which, names_.key_of(d));
}

void roster::suspect(device_ref which) {
  auto& d = table_.at(which);
  if (!rules_.of(d).follows_registry || d.suspected) return;
  d.suspected = true;
  suspects_.push_back(which);
}

void roster::tick(moment now) {
  constexpr milliseconds pace{100};
  while (!suspects_.empty() && asked_.size() < most_asked && now.mono >= next_suspect_) {
    const auto which = suspects_.front();
    suspects_.pop_front();
    if (!table_.contains(which)) continue;
    auto& d = table_.at(which);
    d.suspected = false;
    if (!rules_.serves(d) || d.looking_up || !(d.listed || d.deleted)) continue;
    asked_.insert(which);
    next_suspect_ = now.mono + pace;
    look_up(which);
  }
}

std::optional<mono_time> roster::deadline() const {
  if (suspects_.empty() || asked_.size() >= most_asked) return std::nullopt;
  return next_suspect_;
}

bool roster::is_news(const device& d, const registered_device& word) const {
  if (!d.listed || d.said() != word.integration || table_.model_of(d) != word.model_id) return true;
  const auto eui = parse_eui(word.dev_eui);
  return eui && (!d.has_eui || d.eui != *eui);
}

bool roster::hear(device_ref which, const registered_device& word) {
  auto& d = table_.at(which);
  if (!word.is_change) d.named = true;
  asked_.erase(which); // what is answered to an older question is old
  return is_news(d, word);
}

void roster::take(device_ref which, const registered_device& word) {
  auto& d = table_.at(which);
  if (!d.listed) ++totals_.registry.listed;
  d.listed = true;
  d.deleted = false;
  d.integration_said = word.integration.has_value();
  d.integration = word.integration.value_or(false);
  table_.set_model(d, word.model_id);
  if (!is_switched_off(d)) d.silenced = false;
  ++totals_.registry.changes;
}

std::vector<device_ref> roster::on_listed(std::uint32_t application) {
  std::vector<device_ref> lacking;
  has_list_[application] = true;
  table_.for_each([&](device_ref which, device& d) {
    if (d.application != application) return;
    if (d.state() == device_state::unlisted) lacking.push_back(which);
    // That the list lacks it is no word about it: the device itself is asked for.
    if (d.listed && !d.named) suspect(which);
    d.named = false;
  });
  return lacking;
}

bool roster::on_answered(device_ref which) {
  const bool was_suspect = asked_.erase(which) != 0;
  if (table_.contains(which)) table_.at(which).looking_up = false;
  return was_suspect;
}

void roster::put_off(device_ref which, moment now) {
  suspect(which);
  next_suspect_ = now.mono + seconds{60};
}

void roster::mark_deleted(device_ref which) {
  auto& d = table_.at(which);
  d.listed = false;
  d.deleted = true;
  --totals_.registry.listed;
  log::info("device_deleted",
            {{"application", rules_.of(d).id}, {"device", d.name()}, {"waiting", d.waiting}});
}

void roster::forget(device_ref which) {
  asked_.erase(which);
  if (table_.at(which).listed) --totals_.registry.listed;
}

void roster::tell_switched_off(device_ref which) {
  auto& d = table_.at(which);
  if (d.silenced) return;
  d.silenced = true;
  log::info("device_switched_off",
            {{"application", rules_.of(d).id}, {"device", d.name()}, {"waiting", d.waiting}});
}

} // namespace causeway::core
