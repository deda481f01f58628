// SPDX-License-Identifier: Apache-2.0
#include "stack/log_in_guard.h"

namespace causeway::stack {

bool log_in_guard::wrong_log_in(const std::string& address, mono_time now) {
  constexpr double burst = 20.0, a_second = 1.0 / 3.0;
  const auto [found, fresh] = budgets_.try_emplace(address, a_second, burst, now);
  if (fresh) {
    order_.push_back(address);
    if (order_.size() > most_addresses) {
      budgets_.erase(order_.front());
      order_.pop_front();
    }
  }
  return found->second.take(now);
}

milliseconds log_in_guard::hold(mono_time now) {
  while (!held_until_.empty() && held_until_.front() <= now)
    held_until_.pop_front();
  if (held_until_.size() >= most_held) return milliseconds{0};
  held_until_.push_back(now + pause);
  return pause;
}

} // namespace causeway::stack
