// SPDX-License-Identifier: Apache-2.0
// The end of the webhook's certificate: what check and the daily line say of it. Pure; loop's thread only.
#pragma once

#include "base/clock.h"
#include "net/certificate_facts.h"

#include <optional>
#include <string>
#include <vector>

namespace causeway::app {

inline constexpr std::chrono::hours certificate_notice{21 * 24}; // how long before its end it is told of

// "ends in 12 days, at 2026-…Z", "has ended at …"; nothing while its end is far and its begin past.
std::optional<std::string> trouble_of_times(const net::certificate_facts& facts, wall_time now);
// Ended, or not valid yet: nobody takes it.
bool is_invalid(const net::certificate_facts& facts, wall_time now);
// What else clients may refuse: a chain without its intermediates, no alternative names, not for servers.
std::vector<std::string> oddities_of(const net::certificate_facts& facts);

// Says once a day what trouble_of_times says.
class certificate_watch {
public:
  explicit certificate_watch(net::certificate_facts facts) : facts_{std::move(facts)} {}
  // A line for the log, when one is due.
  std::optional<std::string> look(moment now);
  const net::certificate_facts& facts() const { return facts_; }

private:
  net::certificate_facts facts_;
  std::optional<mono_time> said_;
};

} // namespace causeway::app
