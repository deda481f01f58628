// SPDX-License-Identifier: Apache-2.0
// How a shard's devices leave a hub: nothing new, what is with the hub first, and then the connections as a
// whole, for the next owner's attach must not meet one of ours that still waits in the hub's queue.
#include "hub/fleet.h"

#include <algorithm>

namespace causeway::hub {
namespace {

// An attach or a message of one of them.
bool is_with_hub(const line_set& lines, const placement& places, const member_table& devices) {
  return lines.any_in_flight() || std::any_of(lines.begin(), lines.end(), [&](const auto& line) {
           const auto& members = places.members(line->index());
           return std::any_of(members.begin(), members.end(), [&](device_ref device) {
             return devices.at(device).at == member::stage::released;
           });
         });
}

} // namespace

void fleet::leave(mono_time until) {
  leaving_ = {until, false};
  connects_.clear();
  sends_.clear();
  if (std::exchange(scout_, std::nullopt)) --context_.scouts;
  if (rotation_.connection()) rotation_.end();
  hub_is_another_ = false;
  stir();
}

void fleet::go_on_leaving(moment now) {
  constexpr milliseconds look{5};
  const bool is_late = now.mono >= leaving_->until;
  if (leaving_->has_said_close && is_late)
    for (const auto& line : lines_)
      if (line->is_up()) context_.orders.cut(*line);
  if (!leaving_->has_said_close && (is_late || !is_with_hub(lines_, placement_, context_.devices))) {
    close(now);
    leaving_->has_said_close = true;
  }
  if (lines_.any_up() || !leaving_->has_said_close) {
    due_ = std::min(due_, now.mono + look);
    return;
  }
  leaving_.reset(); // the lines are for whoever comes next, or has come meanwhile
  stir();
}

} // namespace causeway::hub
