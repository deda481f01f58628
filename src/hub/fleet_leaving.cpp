// SPDX-License-Identifier: Apache-2.0
// How a shard's devices leave a hub: nothing new, what is with the hub first, and then the connections as a
// whole, for the next owner's attach must not meet one of ours that still waits in the hub's queue.
#include "hub/fleet.h"

#include <algorithm>

namespace causeway::hub {

void fleet::leave(mono_time until, moment now) {
  leaving_ = {until, until <= now.mono, false};
  connects_.clear();
  sends_.clear();
  if (std::exchange(scout_, std::nullopt)) --context_.scouts;
  if (rotation_.connection()) rotation_.end();
  hub_is_another_ = false;
  if (leaving_->members_are_gone) forget_all(now.mono);
  stir();
}

void fleet::forget_all(mono_time now) {
  for (const auto& line : lines_)
    for (const auto device : std::vector{placement_.members(line->index())})
      forget(device, now);
}

bool fleet::is_with_hub() const {
  return lines_.any_in_flight() || std::any_of(lines_.begin(), lines_.end(), [&](const auto& line) {
           const auto& members = placement_.members(line->index());
           return std::any_of(members.begin(), members.end(), [&](device_ref device) {
             return context_.devices.at(device).at == member::stage::released;
           });
         });
}

void fleet::go_on_leaving(moment now) {
  constexpr milliseconds look{5};
  const bool is_late = now.mono >= leaving_->until;
  if (leaving_->has_said_close && is_late)
    for (const auto& line : lines_)
      if (line->is_up()) context_.orders.cut(*line);
  if (!leaving_->has_said_close && (is_late || !is_with_hub())) {
    close(now);
    leaving_->has_said_close = true;
  }
  if (lines_.any_up() || !leaving_->has_said_close) {
    due_ = std::min(due_, now.mono + look);
    return;
  }
  if (!leaving_->members_are_gone) forget_all(now.mono);
  leaving_.reset(); // the lines are for whoever comes next, or has come meanwhile
  stir();
}

} // namespace causeway::hub
