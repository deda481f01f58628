// SPDX-License-Identifier: Apache-2.0
#include "emulator/faults.h"

#include <algorithm>
#include <array>

namespace causeway::emulator {
namespace {

constexpr std::size_t max_rules = 1000;

constexpr std::array<std::pair<fault_kind, std::string_view>, 6> kinds{{
    {fault_kind::dps_status, "dps_status"},
    {fault_kind::dps_disabled, "dps_disabled"},
    {fault_kind::put_token_status, "put_token_status"},
    {fault_kind::reject_messages, "reject_messages"},
    {fault_kind::hub_refuse_connections, "hub_refuse_connections"},
    {fault_kind::hub_hang, "hub_hang"},
}};

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

std::uint64_t fault_table::add(fault rule) {
  if (rules_.size() >= max_rules) return 0;
  rule.id = ++last_id_;
  rules_.push_back(std::move(rule));
  return last_id_;
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

bool fault_table::active(fault_kind kind) const {
  return std::any_of(rules_.begin(), rules_.end(), [&](const fault& rule) { return rule.kind == kind; });
}

} // namespace causeway::emulator
