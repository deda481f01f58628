// SPDX-License-Identifier: Apache-2.0
// The rate-limit headers of The Things Stack's API (things-stack-wire.md E.6): X-Rate-Limit-Limit,
// -Available, -Reset, -Retry; their hyphens and letter case do not count. While much is left nothing waits;
// the last few requests are spread over the time in which they come back. Pure; one thread.
#pragma once

#include "base/backoff.h"
#include "base/clock.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace causeway::stack {

// Of this many requests, and fewer, each waits until one has come back.
inline constexpr std::uint64_t few_requests = 5;

// The most of what a refusal asks to wait that counts, in seconds: a header of somebody else's must not stop
// an application for longer. Whoever is asked again too early refuses again.
inline constexpr std::uint64_t longest_wait = 600;

class rate_limit {
public:
  // pauses: after a 429 that does not say how long to wait.
  explicit rate_limit(backoff_policy pauses) : pauses_{pauses} {}

  // random: uniform in [0, 1).
  void on_answer(int status, const std::vector<std::pair<std::string, std::string>>& headers, mono_time now,
                 double random);
  // What the next request of a list is to wait; 0: nothing.
  milliseconds wait(mono_time now) const;
  // Requests a minute, as the last answer that spoke of it said; nothing: there is no limit that is told.
  std::optional<std::uint64_t> a_minute() const { return a_minute_; }
  // What any request is to wait, because the last one was refused; 0: nothing.
  milliseconds held_for(mono_time now) const;

private:
  backoff pauses_;
  std::optional<std::uint64_t> a_minute_;
  mono_time held_until_ = mono_time::min(), spread_until_ = mono_time::min();
};

// Digits and nothing else.
std::optional<std::uint64_t> parse_count(std::string_view text);

} // namespace causeway::stack
