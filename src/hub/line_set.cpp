// SPDX-License-Identifier: Apache-2.0
#include "hub/line_set.h"

#include <algorithm>

namespace causeway::hub {

line& line_set::get(std::uint32_t number) {
  while (lines_.size() <= number)
    lines_.push_back(std::make_unique<line>(static_cast<std::uint32_t>(lines_.size()), ids_++));
  return *lines_[number];
}

mono_time line_set::open_due(fleet& owner, const placement& places, outage& away, mono_time not_before,
                             mono_time now) {
  if (const auto probe = away.probe(); probe && at(*probe).is_idle() && places.devices(*probe) == 0)
    away.on_unwanted(*probe);
  const bool is_any_up = any_up();
  auto next = mono_time::max();
  for (const auto& line : lines_) {
    if (!line->is_idle() || places.devices(line->index()) == 0) continue;
    const auto start = away.may_connect(line->index(), line->slot, is_any_up, not_before, now);
    if (start > now) {
      next = std::min(next, start);
      continue;
    }
    line->begin_connecting(now);
    orders_.open(owner, *line);
  }
  return next;
}

void line_set::renew_tokens(moment now) {
  for (const auto& line : lines_)
    if (auto* const on = line->open()) {
      on->renew_tokens(now);
      orders_.flush(*line);
    }
}

void line_set::close(moment now) {
  for (const auto& line : lines_)
    if (line->is_up()) {
      line->close(now);
      orders_.flush(*line);
    }
}

bool line_set::cut_one() {
  const auto up = std::find_if(lines_.begin(), lines_.end(), [](const auto& line) { return line->is_up(); });
  if (up == lines_.end()) return false;
  orders_.cut(**up);
  return true;
}

bool line_set::any_up() const {
  return std::any_of(lines_.begin(), lines_.end(), [](const auto& line) { return line->is_up(); });
}

bool line_set::any_in_flight() const {
  return std::any_of(lines_.begin(), lines_.end(), [](const auto& line) {
    const auto* const open = line->open();
    return open != nullptr && open->in_flight() != 0;
  });
}

std::uint64_t line_set::tokens_put() const {
  std::uint64_t sum = 0;
  for (const auto& line : lines_)
    sum += line->tokens_put();
  return sum;
}

} // namespace causeway::hub
