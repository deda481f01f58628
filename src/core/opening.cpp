// SPDX-License-Identifier: Apache-2.0
#include "core/opening.h"

#include "core/assignments.h"
#include "core/claims.h"
#include "core/device_table.h"
#include "core/holdings.h"
#include "core/rule_book.h"

#include <algorithm>
#include <utility>

namespace causeway::core {

void opening::begin(std::vector<start_image::assigned> of) {
  work_.emplace();
  work_->there = here_.devices_of(which_, table_);
  work_->assignments = std::move(of);
}

// Of two that have one identity on disk the older one has it.
void opening::sort() {
  auto& todo = *work_;
  std::vector<std::pair<wall_time, std::uint32_t>> ages;
  ages.reserve(todo.assignments.size());
  for (const auto& one : todo.assignments)
    ages.emplace_back(one.where.assigned_at, static_cast<std::uint32_t>(ages.size()));
  std::sort(ages.begin(), ages.end());
  todo.by_age.reserve(ages.size());
  for (const auto& [at, index] : ages)
    todo.by_age.push_back(index);
  claims_.reserve(ages.size());
}

bool opening::place_some(std::size_t& most) {
  auto& todo = *work_;
  if (todo.by_age.size() < todo.assignments.size()) sort();
  for (; most > 0 && todo.placed < todo.by_age.size(); --most) {
    const auto one = std::move(todo.assignments[todo.by_age[todo.placed++]]); // its memory goes with it
    place(one);
  }
  if (todo.placed < todo.by_age.size()) return false;
  if (!todo.has_order) order();
  if (todo.to_connect.empty()) work_.reset();
  return true;
}

void opening::place(const start_image::assigned& one) {
  const auto application = rules_.find(one.key.application);
  const auto found = application ? table_.find(*application, one.key.device.str()) : std::nullopt;
  // What nobody had at the start is nobody's: its device was forgotten, or lost.
  if (!found) return;
  const auto& there = work_->there;
  const auto at = std::lower_bound(there.begin(), there.end(), *found, [](device_ref of, device_ref other) {
    return index_of(of) < index_of(other);
  });
  const bool had_it = at != there.end() && *at == *found;
  if (!had_it || work_->lost.contains(one.key)) return;
  if (!assignments_.place(*found, one.where)) misfits_.push_back(*found);
}

void opening::order() {
  std::vector<device_ref> attached, others;
  table_.for_each([&](device_ref ref, device& d) {
    if (d.state() != device_state::known || here_.of(d) != which_) return;
    if (d.assigned) {
      attached.push_back(ref);
    } else if (assignments_.seeks_hub(d)) {
      others.push_back(ref);
    }
  });
  auto& todo = *work_;
  for (auto* const group : {&attached, &others}) {
    std::stable_partition(group->begin(), group->end(),
                          [&](device_ref ref) { return table_.at(ref).waiting != 0; });
    todo.to_connect.insert(todo.to_connect.end(), group->begin(), group->end());
  }
  todo.has_order = true;
  todo.there = {};
  todo.assignments = {};
  todo.by_age = {};
  todo.lost = {};
  todo.placed = 0;
}

device_ref opening::next() {
  const auto which = work_->to_connect[work_->connected++];
  if (work_->connected == work_->to_connect.size()) work_.reset();
  return which;
}

void opening::lose(const device_key& key) {
  if (is_placing()) work_->lost.insert(key);
}

} // namespace causeway::core
