// SPDX-License-Identifier: Apache-2.0
#include "stack/backfill_window.h"

#include <algorithm>

namespace causeway::stack {
namespace {

// Between two questions for the same gap.
constexpr seconds shortest_turn{10};
constexpr int turns_a_delay = 5;

} // namespace

backfill_window::backfill_window(backfill_options options, std::optional<wall_time> cursor, moment now)
    : options_{options}, cursor_{std::min(cursor.value_or(now.wall), now.wall)}, gap_from_{cursor_} {}

void backfill_window::on_live(moment now) {
  if (std::exchange(live_, true)) return;
  gap_until_ = now.wall;
  due_ = now.mono;
}

void backfill_window::on_down(wall_time since) {
  if (!std::exchange(live_, false)) return;
  if (std::exchange(missing_, true)) return; // the gap before it has not been filled: one gap
  cursor_ = gap_from_ = since;
}

void backfill_window::on_missing(wall_time since, moment now) {
  if (live_) gap_until_ = now.wall;
  if (std::exchange(missing_, true)) {
    gap_from_ = std::min(gap_from_, since);
    if (since >= cursor_) return;
    cursor_ = since;
    lowered_at_ = now.wall;
    return;
  }
  cursor_ = gap_from_ = since;
  due_ = now.mono + shortest_turn; // more may be missing by then
}

std::optional<backfill_window::question> backfill_window::next(moment now) const {
  if (!live_ || !missing_ || now.mono < due_) return std::nullopt;
  return question{cursor_ - options_.margin, gap_until_ + options_.margin};
}

void backfill_window::on_progress(wall_time until, wall_time asked) {
  if (asked <= lowered_at_) return;
  cursor_ = std::max(cursor_, std::min({until, asked - options_.delay, gap_until_}));
}

void backfill_window::on_complete(wall_time asked, moment now) {
  on_progress(gap_until_, asked);
  const auto whole_until = gap_until_ + options_.delay;
  if (asked >= whole_until) {
    missing_ = !live_;
    return;
  }
  const auto turn = std::max<std::chrono::nanoseconds>(options_.delay / turns_a_delay, shortest_turn);
  due_ = now.mono + std::min<std::chrono::nanoseconds>(turn, whole_until - asked);
}

} // namespace causeway::stack
