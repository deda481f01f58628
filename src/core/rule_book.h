// SPDX-License-Identifier: Apache-2.0
// The applications' rules, by number and by id: a snapshot, whole and immutable, and the book that has the
// one that counts now. An application keeps its number for the life of the process; one that is not
// configured any more is out of service and keeps its last rules. Owned by the shard; one thread.
#pragma once

#include "core/device.h"
#include "core/rules.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

namespace causeway::core {

class rule_snapshot {
public:
  static constexpr std::size_t most_applications =
      65'536; // of all that there have ever been: device::application

  // All in service, in this order.
  explicit rule_snapshot(std::vector<application_rules> rules);
  // What follows `before`: its applications have their numbers, new ones the next. Further ones than
  // most_applications are left out.
  rule_snapshot(const rule_snapshot& before, std::vector<application_rules> rules);

  // Its number, in service or not; nothing: it has never been configured.
  std::optional<std::uint32_t> number_of(const application_id& id) const;
  // So many numbers.
  std::uint32_t size() const { return static_cast<std::uint32_t>(rules_.size()); }
  // Precondition of the next two: below size().
  const application_rules& at(std::uint32_t application) const { return rules_[application]; }
  bool is_in_service(std::uint32_t application) const { return in_service_[application]; }
  std::uint32_t in_service() const { return serving_; }

private:
  void take(application_rules one);

  std::vector<application_rules> rules_;
  std::vector<bool> in_service_;
  std::unordered_map<application_id, std::uint32_t> numbers_;
  std::uint32_t serving_ = 0;
};

class rule_book {
public:
  explicit rule_book(std::vector<application_rules> rules)
      : now_{std::make_shared<const rule_snapshot>(std::move(rules))} {}

  // The number of an application; nothing: it is not configured.
  std::optional<std::uint32_t> find(const application_id& id) const {
    const auto number = now_->number_of(id);
    return number && now_->is_in_service(*number) ? number : std::nullopt;
  }
  // The same of one that was configured once.
  std::optional<std::uint32_t> number_of(const application_id& id) const { return now_->number_of(id); }
  std::uint32_t size() const { return now_->size(); }
  std::uint32_t in_service() const { return now_->in_service(); }
  // Precondition: below size(). What is given is of the snapshot: nobody keeps it over an event.
  const application_rules& at(std::uint32_t application) const { return now_->at(application); }
  const application_rules& of(const device& d) const { return now_->at(d.application); }
  bool serves(const device& d) const { return now_->is_in_service(d.application); }

  const std::shared_ptr<const rule_snapshot>& now() const { return now_; }
  void replace(std::shared_ptr<const rule_snapshot> by) { now_ = std::move(by); }

private:
  std::shared_ptr<const rule_snapshot> now_;
};

} // namespace causeway::core
