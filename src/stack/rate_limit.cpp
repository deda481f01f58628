// SPDX-License-Identifier: Apache-2.0
#include "stack/rate_limit.h"

#include "base/encoding.h"

#include <algorithm>
#include <charconv>

namespace causeway::stack {
namespace {

// The most that is believed.
constexpr std::uint64_t longest_reset = 3'600; // s
constexpr milliseconds longest_spread{60'000};

milliseconds left(mono_time until, mono_time now) {
  return until > now ? std::chrono::ceil<milliseconds>(until - now) : milliseconds{0};
}

} // namespace

std::optional<std::uint64_t> parse_count(std::string_view text) {
  std::uint64_t number = 0;
  const auto [stop, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault != std::errc{} || stop != text.data() + text.size()) return std::nullopt;
  return number;
}

void rate_limit::on_answer(int status, const std::vector<std::pair<std::string, std::string>>& headers,
                           mono_time now, double random) {
  std::optional<std::uint64_t> limit, available, reset, retry;
  for (const auto& [name, value] : headers) {
    auto plain = to_lower(name);
    std::erase(plain, '-');
    if (!plain.starts_with("xratelimit")) continue;
    const auto which = std::string_view{plain}.substr(10);
    if (which == "limit") limit = parse_count(value);
    if (which == "available") available = parse_count(value);
    if (which == "reset") reset = parse_count(value);
    if (which == "retry") retry = parse_count(value);
  }
  if (limit && *limit > 0) a_minute_ = limit;
  if (status == 429) {
    const auto pause = retry ? milliseconds{seconds{std::clamp<std::uint64_t>(*retry, 1, longest_wait)}}
                             : pauses_.next(random);
    held_until_ = std::max(held_until_, now + pause);
    return;
  }
  pauses_.reset();
  spread_until_ = mono_time::min();
  if (!available || *available > few_requests || !reset) return;
  // Until one comes back: the time until all are there again, shared among those that are missing.
  const auto missing = limit && *limit > *available ? *limit - *available : 1;
  const milliseconds all = seconds{std::min(*reset, longest_reset)};
  spread_until_ = now + std::min(longest_spread, all / static_cast<std::int64_t>(missing));
}

milliseconds rate_limit::wait(mono_time now) const {
  return left(std::max(held_until_, spread_until_), now);
}

milliseconds rate_limit::held_for(mono_time now) const {
  return left(held_until_, now);
}

} // namespace causeway::stack
