// SPDX-License-Identifier: Apache-2.0
#include "core/ledger.h"

#include "base/check.h"

#include <algorithm>
#include <functional>

namespace causeway::core {
namespace {

std::size_t hash_of(const device_key& key) {
  constexpr std::size_t odd = 0x9e3779b97f4a7c15U; // spreads the first over the second
  return std::hash<std::string>{}(key.application.str()) * odd ^ std::hash<std::string>{}(key.device.str());
}

template <class Entry, class Range>
std::vector<Entry*> sorted_of(const Range& those, const device_key& key) {
  std::vector<Entry*> some;
  for (auto one = those.first; one != those.second; ++one)
    if (one->second->what.to == key) some.push_back(one->second);
  std::sort(some.begin(), some.end(), [](const auto* a, const auto* b) { return a->order < b->order; });
  return some;
}

} // namespace

command_entry* ledger::find(const command_id& id) {
  const auto found = entries_.find(id);
  return found == entries_.end() ? nullptr : found->second.get();
}

const command_entry* ledger::find(const command_id& id) const {
  const auto found = entries_.find(id);
  return found == entries_.end() ? nullptr : found->second.get();
}

std::vector<const command_entry*> ledger::of_device(const device_key& key) const {
  return sorted_of<const command_entry>(by_device_.equal_range(hash_of(key)), key);
}

std::vector<command_entry*> ledger::of_device(const device_key& key) {
  return sorted_of<command_entry>(by_device_.equal_range(hash_of(key)), key);
}

const command_entry* ledger::behind(std::uint64_t order) const {
  const auto next = by_order_.upper_bound(order);
  return next == by_order_.end() ? nullptr : next->second;
}

ledger::vacancy ledger::make_room(std::uint32_t application) const {
  const auto has = by_application_[application];
  const bool is_alone = applications_ == 0 || (applications_ == 1 && has != 0);
  const auto share = is_alone ? limits_.most : limits_.most * limits_.application_share / 100;
  const bool is_over = has >= std::max<std::size_t>(share, 1);
  if (!is_over && entries_.size() < limits_.most) return {};
  for (const auto& [age, one] : ended_)
    if (!is_over || one->application == application) return {{}, one};
  return {is_over && !is_alone ? errc::commands_share_full : errc::commands_full, nullptr};
}

void ledger::count(place& one, bool is) {
  const auto add = [is](std::size_t& to) { is ? ++to : --to; };
  add(stages_[static_cast<std::size_t>(one.counted)]);
  auto& of_its = by_application_[one.application];
  if (is && of_its++ == 0) ++applications_;
  if (!is && --of_its == 0) --applications_;
}

command_entry& ledger::add(command_entry made) {
  auto fresh = std::make_unique<place>(std::move(made));
  auto& one = *fresh;
  const auto [at, is_new] = entries_.emplace(one.what.id, std::move(fresh));
  CAUSEWAY_CHECK(is_new);
  by_device_.emplace(hash_of(one.what.to), &one);
  one.order = next_order_++;
  by_order_.emplace(one.order, &one);
  one.counted = one.track.stage();
  count(one, true);
  on_changed(one);
  return one;
}

void ledger::remove(const command_id& id) {
  const auto found = entries_.find(id);
  if (found == entries_.end()) return;
  auto& one = *found->second;
  set_due(one, {});
  if (one.ended) ended_.erase(*one.ended);
  count(one, false);
  by_order_.erase(one.order);
  const auto [first, last] = by_device_.equal_range(hash_of(one.what.to));
  by_device_.erase(std::find_if(first, last, [&](const auto& its) { return its.second == &one; }));
  entries_.erase(found);
}

void ledger::on_changed(command_entry& changed) {
  auto& one = static_cast<place&>(changed);
  const auto stage = one.track.stage();
  --stages_[static_cast<std::size_t>(one.counted)];
  ++stages_[static_cast<std::size_t>(stage)];
  one.counted = stage;
  if (one.ended) ended_.erase(*one.ended);
  one.ended.reset();
  if (!is_end(stage)) return;
  one.ended = std::pair{one.changed_at, one.order};
  ended_.emplace(*one.ended, &one);
}

void ledger::set_due(command_entry& of, std::optional<mono_time> at) {
  auto& one = static_cast<place&>(of);
  if (one.due) due_.erase({*one.due, &one});
  one.due = at;
  if (at) due_.emplace(*at, &one);
}

command_entry* ledger::take_due(mono_time now) {
  if (due_.empty() || due_.begin()->first > now) return nullptr;
  auto* const one = due_.begin()->second;
  set_due(*one, {});
  return one;
}

std::optional<mono_time> ledger::deadline() const {
  if (due_.empty()) return std::nullopt;
  return due_.begin()->first;
}

} // namespace causeway::core
