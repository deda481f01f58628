// SPDX-License-Identifier: Apache-2.0
#include "ingress/log_in_guard.h"

namespace causeway::ingress {

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

} // namespace causeway::ingress
