// SPDX-License-Identifier: Apache-2.0
#include "core/rule_book.h"

namespace causeway::core {

rule_snapshot::rule_snapshot(std::vector<application_rules> rules) {
  for (auto& one : rules)
    take(std::move(one));
}

rule_snapshot::rule_snapshot(const rule_snapshot& before, std::vector<application_rules> rules)
    : rules_{before.rules_}, in_service_(before.rules_.size()), numbers_{before.numbers_} {
  for (auto& one : rules)
    take(std::move(one));
}

// Of two with one id the first counts.
void rule_snapshot::take(application_rules one) {
  const auto [found, is_new] = numbers_.try_emplace(one.id, size());
  const auto number = found->second;
  if (is_new && rules_.size() == most_applications) {
    numbers_.erase(found);
    return;
  }
  if (is_new) {
    rules_.push_back(std::move(one));
    in_service_.push_back(true);
    ++serving_;
  } else if (!in_service_[number]) {
    rules_[number] = std::move(one);
    in_service_[number] = true;
    ++serving_;
  }
}

std::optional<std::uint32_t> rule_snapshot::number_of(const application_id& id) const {
  const auto found = numbers_.find(id);
  if (found == numbers_.end()) return std::nullopt;
  return found->second;
}

} // namespace causeway::core
