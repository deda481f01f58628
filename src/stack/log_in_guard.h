// SPDX-License-Identifier: Apache-2.0
// Slows down the guessing of passwords: counts wrong log-ins by address, and says how long their answers are
// held. Right ones are never held up, so that a proxy's address, which all senders share, does not matter;
// who guesses by many connections at a time therefore is slowed down by what these cost only, and it takes a
// long password to keep him out. Bounded: 10,000 addresses, the oldest forgotten; 1,024 held answers. One
// thread.
#pragma once

#include "base/token_bucket.h"

#include <deque>
#include <string>
#include <unordered_map>

namespace causeway::stack {

class log_in_guard {
public:
  static constexpr milliseconds pause{1'000};
  static constexpr std::size_t most_held = 1'024;

  // Notes a wrong log-in. False when this address has had 20 and more than one every 3 s since: say 429
  // instead of 401.
  bool wrong_log_in(const std::string& address, mono_time now);
  // How long the answer to one is held: the pause, or no time while so many are held already.
  milliseconds hold(mono_time now);

private:
  static constexpr std::size_t most_addresses = 10'000;
  std::unordered_map<std::string, token_bucket> budgets_;
  std::deque<std::string> order_;
  std::deque<mono_time> held_until_;
};

} // namespace causeway::stack
