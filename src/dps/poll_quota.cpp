// SPDX-License-Identifier: Apache-2.0
#include "dps/poll_quota.h"

#include "dps/minute_quota.h"

#include <algorithm>
#include <utility>

namespace causeway::dps {

mono_time poll_quota::next(mono_time now) const {
  return std::max(held_until_, learnt_ ? learnt_->next(now) : now);
}

void poll_quota::on_answer(bool metered, mono_time now) {
  on_no_answer(metered, now);
  if (learnt_) return;
  answered_.push_back(now);
  while (answered_.front() + quota_window <= now)
    answered_.pop_front();
}

void poll_quota::on_no_answer(bool metered, mono_time now) {
  if (metered) learnt_->answered(now);
}

void poll_quota::on_throttled(bool metered, mono_time sent_at, milliseconds pause, mono_time now) {
  held_until_ = std::max(held_until_, now + pause);
  if (metered) return learnt_->refused(sent_at, pause, now);
  if (!learnt_) learn(sent_at, pause, now); // else it went out before polls had a quota
}

// Begins with what DPS has taken within the last minute, so that the limit is learnt from it. No pace within
// the minute: registrations that wait for their poll grow old.
void poll_quota::learn(mono_time sent_at, milliseconds pause, mono_time now) {
  auto options = minute_quota(std::max(documented_, 2.0));
  options.burst = options.ceiling;
  learnt_.emplace(options, sent_at);
  const auto most = static_cast<std::size_t>(options.ceiling) - 1;
  if (answered_.size() > most)
    answered_.erase(answered_.begin(), answered_.end() - static_cast<std::ptrdiff_t>(most));
  for (std::size_t i = 0; i <= answered_.size(); ++i)
    if (!learnt_->take(sent_at)) break;
  for (const auto at : std::exchange(answered_, {}))
    learnt_->answered(at);
  learnt_->refused(sent_at, pause, now);
}

} // namespace causeway::dps
