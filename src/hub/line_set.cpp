// SPDX-License-Identifier: Apache-2.0
#include "hub/line_set.h"

#include <algorithm>

namespace causeway::hub {

void line_set::add(std::uint32_t id) {
  lines_.push_back(std::make_unique<line>(static_cast<std::uint32_t>(lines_.size()), id));
}

line* line_set::first_up() const {
  const auto up = std::find_if(lines_.begin(), lines_.end(), [](const auto& line) { return line->is_up(); });
  return up == lines_.end() ? nullptr : up->get();
}

bool line_set::any_in_flight() const {
  return std::any_of(lines_.begin(), lines_.end(), [](const auto& line) {
    const auto* const open = line->open();
    return open != nullptr && open->in_flight() != 0;
  });
}

} // namespace causeway::hub
