// SPDX-License-Identifier: Apache-2.0
// Slows down the guessing of passwords: counts wrong log-ins by address. Right ones are never held up, so
// that a proxy's address, which all senders share, does not matter. Bounded: 10,000 addresses, the oldest
// forgotten. One thread.
#pragma once

#include "base/token_bucket.h"

#include <deque>
#include <string>
#include <unordered_map>

namespace causeway::ingress {

class log_in_guard {
public:
  // Notes a wrong log-in. False when this address has had 20 and more than one every 3 s since: say 429
  // instead of 401.
  bool wrong_log_in(const std::string& address, mono_time now);

private:
  static constexpr std::size_t most_addresses = 10'000;
  std::unordered_map<std::string, token_bucket> budgets_;
  std::deque<std::string> order_;
};

} // namespace causeway::ingress
