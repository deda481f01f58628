// SPDX-License-Identifier: Apache-2.0
#include "emulator/hub/faults.h"

#include <algorithm>
#include <array>
#include <map>

namespace causeway::emulator {
namespace {

constexpr std::size_t max_rules = 1000;

using named_kind = std::pair<fault_kind, std::string_view>;
constexpr auto kinds = std::to_array<named_kind>({
    {fault_kind::dps_status, "dps_status"},
    {fault_kind::dps_poll_status, "dps_poll_status"},
    {fault_kind::dps_disabled, "dps_disabled"},
    {fault_kind::put_token_status, "put_token_status"},
    {fault_kind::reject_messages, "reject_messages"},
    {fault_kind::release_messages, "release_messages"},
    {fault_kind::modify_messages, "modify_messages"},
    {fault_kind::slow_accepts, "slow_accepts"},
    {fault_kind::withhold_credit, "withhold_credit"},
    {fault_kind::dead_lock_detaches, "dead_lock_detaches"},
    {fault_kind::c2d_delay, "c2d_delay"},
    {fault_kind::twin_status, "twin_status"},
    {fault_kind::hub_refuse_connections, "hub_refuse_connections"},
    {fault_kind::hub_hang, "hub_hang"},
    {fault_kind::hub_gone, "hub_gone"},
    {fault_kind::hub_not_found, "hub_not_found"},
    {fault_kind::throttle_attaches, "throttle_attaches"},
    {fault_kind::token_expired, "token_expired"},
    {fault_kind::registry_status, "registry_status"},
    {fault_kind::storage_status, "storage_status"},
    {fault_kind::registry_endless_pages, "registry_endless_pages"},
    {fault_kind::registry_duplicates, "registry_duplicates"},
    {fault_kind::registry_no_changes, "registry_no_changes"},
    {fault_kind::registry_no_events, "registry_no_events"},
    {fault_kind::registry_long_attributes, "registry_long_attributes"},
    {fault_kind::clock_skew, "clock_skew"},
});

bool concerns_services(fault_kind kind) {
  const auto name = to_string(kind);
  return name.starts_with("dps_") || name.starts_with("registry_") || name.starts_with("storage_") ||
         kind == fault_kind::clock_skew;
}

bool concerns_hubs(fault_kind kind) {
  return !concerns_services(kind) || kind == fault_kind::clock_skew;
}

} // namespace

bool matches(std::string_view pattern, std::string_view name) {
  if (pattern.ends_with('*')) return name.starts_with(pattern.substr(0, pattern.size() - 1));
  return pattern == name;
}

std::string_view to_string(fault_kind kind) {
  for (const auto& [value, name] : kinds)
    if (value == kind) return name;
  return "unknown";
}

std::optional<fault_kind> find_fault_kind(std::string_view name) {
  for (const auto& [value, text] : kinds)
    if (text == name) return value;
  return std::nullopt;
}

std::string fault_kind_names() {
  std::string names;
  for (const auto& [value, name] : kinds)
    names += (names.empty() ? "" : ", ") + std::string{name};
  return names;
}

std::uint64_t fault_table::add(fault rule) {
  if (rules_.size() >= max_rules) return 0;
  if (rule.id == 0) rule.id = last_id_ + 1;
  last_id_ = std::max(last_id_, rule.id);
  rules_.push_back(std::move(rule));
  return rules_.back().id;
}

bool fault_table::remove(std::uint64_t id) {
  return std::erase_if(rules_, [&](const fault& rule) { return rule.id == id; }) > 0;
}

std::optional<fault> fault_table::use(fault_kind kind, std::string_view name) {
  const auto found = std::find_if(rules_.begin(), rules_.end(), [&](const fault& rule) {
    return rule.kind == kind && matches(rule.pattern, name);
  });
  if (found == rules_.end()) return std::nullopt;
  auto used = *found;
  if (found->remaining && --*found->remaining == 0) rules_.erase(found);
  return used;
}

const fault* fault_table::find(fault_kind kind, std::string_view name) const {
  const auto found = std::find_if(rules_.begin(), rules_.end(), [&](const fault& rule) {
    return rule.kind == kind && matches(rule.pattern, name);
  });
  return found == rules_.end() ? nullptr : &*found;
}

bool fault_table::active(fault_kind kind) const {
  return std::any_of(rules_.begin(), rules_.end(), [&](const fault& rule) { return rule.kind == kind; });
}

template <class Visit>
void fault_tables::each(Visit visit) {
  visit(services_);
  for (auto& hub : hubs_)
    visit(hub);
}

std::uint64_t fault_tables::add(fault rule) {
  rule.id = last_id_ + 1;
  bool room = true;
  const auto put = [&](fault_table& table) { room = table.add(rule) != 0 && room; };
  if (concerns_services(rule.kind) && !rule.hub) put(services_);
  if (concerns_hubs(rule.kind)) {
    for (std::size_t i = 0; i < hubs_.size(); ++i)
      if (!rule.hub || *rule.hub == i) put(hubs_[i]);
  }
  if (!room) {
    remove(rule.id);
    return 0;
  }
  return ++last_id_;
}

bool fault_tables::remove(std::uint64_t id) {
  bool removed = false;
  each([&](fault_table& table) { removed = table.remove(id) || removed; });
  return removed;
}

void fault_tables::clear() {
  each([](fault_table& table) { table.clear(); });
}

std::vector<fault> fault_tables::rules() const {
  std::map<std::uint64_t, fault> by_id;
  const auto collect = [&](const fault_table& table) {
    for (const auto& rule : table.rules()) {
      const auto [known, is_new] = by_id.try_emplace(rule.id, rule);
      if (!is_new && rule.remaining > known->second.remaining) known->second = rule;
    }
  };
  collect(services_);
  for (const auto& hub : hubs_)
    collect(hub);
  std::vector<fault> all;
  all.reserve(by_id.size());
  for (auto& [id, rule] : by_id)
    all.push_back(std::move(rule));
  return all;
}

} // namespace causeway::emulator
