// SPDX-License-Identifier: Apache-2.0
#include "dps/past_polls.h"

#include "dps/registration.h"

namespace causeway::dps {

void past_polls::keep(const registration_id& id, const std::vector<mono_time>& polls, mono_time now) {
  while (!kept_.empty() && kept_.front().first + polls_span <= now) {
    const auto known = polls_.find(kept_.front().second);
    // A later registration of the same id may have put its own there.
    if (known != polls_.end() && known->second.back() + polls_span <= now) polls_.erase(known);
    kept_.pop_front();
  }
  if (polls.empty()) return;
  polls_.insert_or_assign(id, polls);
  kept_.emplace_back(now, id);
}

std::vector<mono_time> past_polls::of(const registration_id& id) const {
  const auto known = polls_.find(id);
  return known == polls_.end() ? std::vector<mono_time>{} : known->second;
}

} // namespace causeway::dps
