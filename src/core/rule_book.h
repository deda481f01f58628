// SPDX-License-Identifier: Apache-2.0
// The applications' rules, by number and by id. Owned by the shard; immutable; one thread.
#pragma once

#include "core/device.h"
#include "core/rules.h"

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

namespace causeway::core {

class rule_book {
public:
  explicit rule_book(std::vector<application_rules> rules) : rules_{std::move(rules)} {
    for (std::uint32_t i = 0; i < rules_.size(); ++i)
      index_.emplace(rules_[i].id, i);
  }

  // The number of an application; nothing: it is not configured.
  std::optional<std::uint32_t> find(const application_id& id) const {
    const auto found = index_.find(id);
    if (found == index_.end()) return std::nullopt;
    return found->second;
  }
  std::uint32_t size() const { return static_cast<std::uint32_t>(rules_.size()); }
  // Precondition: below size().
  const application_rules& at(std::uint32_t application) const { return rules_[application]; }
  const application_rules& of(const device& d) const { return rules_[d.application]; }

private:
  std::vector<application_rules> rules_;
  std::unordered_map<application_id, std::uint32_t> index_;
};

} // namespace causeway::core
