// SPDX-License-Identifier: Apache-2.0
#include "dps/early_polls.h"

#include "dps/minute_quota.h"

#include <algorithm>

namespace causeway::dps {
namespace {

// From a registration to its poll, answers and Retry-After included; longer ones are few.
constexpr seconds usual_wait_for_poll{15};

} // namespace

void early_polls::on_hub(mono_time sent_at) {
  const auto sent = std::find(in_vain_.begin(), in_vain_.end(), sent_at);
  if (sent != in_vain_.end()) in_vain_.erase(sent);
}

bool early_polls::on_refused(mono_time now) {
  const bool news = off_until_ <= now;
  off_until_ = now + off_for;
  return news;
}

bool early_polls::has_turn(double polls, double registrations_to_come, mono_time now) {
  if (off_until_ > now) return false;
  while (!in_vain_.empty() && in_vain_.front() + quota_window <= now)
    in_vain_.pop_front();
  while (!registrations_.empty() && registrations_.front() + quota_window + usual_wait_for_poll <= now)
    registrations_.pop_front();
  const auto taken = static_cast<double>(registrations_.size() + in_vain_.size() + 1);
  return taken + registrations_to_come <= polls;
}

mono_time early_polls::next_registration(double polls, mono_time now) const {
  if (in_vain_.empty()) return now;
  const auto old = [&](mono_time at) { return at + quota_window <= now; };
  const auto count = [&](const std::deque<mono_time>& of) {
    return static_cast<double>(of.end() - std::find_if_not(of.begin(), of.end(), old));
  };
  if (count(in_vain_) == 0 || count(in_vain_) + count(registrations_) + 1 <= polls) return now;
  auto next = mono_time::max();
  for (const auto* of : {&in_vain_, &registrations_})
    if (const auto first = std::find_if_not(of->begin(), of->end(), old); first != of->end())
      next = std::min(next, *first + quota_window);
  return next;
}

} // namespace causeway::dps
