// SPDX-License-Identifier: Apache-2.0
// The polls of registrations that ended without a hub: DPS counts a device's over all of its registrations.
// Bound: those of the last dps::polls_span. Pure; one thread.
#pragma once

#include "base/clock.h"
#include "base/ids.h"

#include <deque>
#include <unordered_map>
#include <utility>
#include <vector>

namespace causeway::dps {

class past_polls {
public:
  // polls: as registration::recent_polls.
  void keep(const registration_id& id, const std::vector<mono_time>& polls, mono_time now);
  // Those of the id's last registration; empty when none is known.
  std::vector<mono_time> of(const registration_id& id) const;

private:
  std::unordered_map<registration_id, std::vector<mono_time>> polls_;
  std::deque<std::pair<mono_time, registration_id>> kept_; // when each was, the oldest first
};

} // namespace causeway::dps
