// SPDX-License-Identifier: Apache-2.0
#include "base/budget.h"

#include "base/check.h"

#include <algorithm>
#include <cmath>

namespace causeway {
namespace {

constexpr double least_limit = 1.0;
constexpr double rise_share = 0.01;    // of the ceiling
constexpr double default_burst = 0.1;  // of the limit
constexpr double proven_share = 0.985; // of what was answered well: the last refusal was one too many

double burst_of(const budget_options& options, double limit) {
  return std::max(1.0, options.burst > 0 ? std::min(options.burst, limit) : limit * default_burst);
}

} // namespace

budget::budget(budget_options options, mono_time now)
    : options_{options},
      limit_{options.ceiling},
      tokens_{burst_of(options, options.ceiling)},
      filled_at_{now},
      rises_at_{now + options.rise_after} {
  CAUSEWAY_CHECK(options.ceiling >= least_limit && options.window > std::chrono::nanoseconds{0});
}

std::size_t budget::room() const {
  return static_cast<std::size_t>(std::floor(limit_ + 1e-9));
}

void budget::fill(mono_time now) {
  if (now <= filled_at_) return;
  const double share = std::chrono::duration<double>(now - filled_at_) / options_.window;
  tokens_ = std::min(burst_of(options_, limit_), tokens_ + share * limit_);
  filled_at_ = now;
}

void budget::advance(mono_time now) {
  if (const auto used = places_.size() + under_way_; used >= room()) {
    // Not more than one is saved up while the window is what holds: what came in a burst would come in one
    // again, exactly a window later, and the two would meet at the service.
    const auto must_go = used - room();
    fill(must_go < places_.size() ? std::min(now, places_[must_go] + options_.window) : now);
    tokens_ = std::min(tokens_, 1.0);
  }
  while (!places_.empty() && places_.front() + options_.window <= now)
    places_.pop_front();
  fill(now);
  while (limit_ < options_.ceiling && rises_at_ <= now) {
    limit_ = std::min(options_.ceiling, limit_ + options_.ceiling * rise_share);
    rises_at_ += options_.rise_after;
  }
}

std::size_t budget::in_window(mono_time now) const {
  const auto first = std::upper_bound(places_.begin(), places_.end(), now - options_.window);
  return static_cast<std::size_t>(places_.end() - first);
}

bool budget::take(mono_time now) {
  advance(now);
  if (held_until_ > now || tokens_ < 1.0 - 1e-9) return false;
  if (places_.size() + under_way_ >= room()) return false;
  tokens_ = std::max(0.0, tokens_ - 1.0);
  if (options_.until_answered)
    ++under_way_;
  else
    places_.push_back(now);
  return true;
}

mono_time budget::next(mono_time now) const {
  auto when = std::max(now, held_until_);
  const double share =
      std::chrono::duration<double>(std::max(now, filled_at_) - filled_at_) / options_.window;
  const double tokens = tokens_ + share * limit_;
  if (tokens < 1.0 - 1e-9) {
    const auto wait = (1.0 - tokens) / limit_ * std::chrono::duration<double>(options_.window);
    when = std::max(when, now + std::chrono::ceil<std::chrono::nanoseconds>(wait));
  }
  const auto used = in_window(now);
  if (used + under_way_ < room()) return when;
  const auto must_go = used + under_way_ - room(); // of the places in the window, this one's end makes room
  if (must_go >= used) return mono_time::max();
  return std::max(when, places_[places_.size() - used + must_go] + options_.window);
}

void budget::answered(mono_time now) {
  CAUSEWAY_CHECK(under_way_ > 0);
  --under_way_;
  places_.push_back(now);
}

void budget::refused(mono_time taken_at, milliseconds pause, mono_time now) {
  ++refusals_;
  if (options_.until_answered) {
    CAUSEWAY_CHECK(under_way_ > 0);
    --under_way_; // what is refused does not count against the quota
  }
  advance(now);
  held_until_ = std::max(held_until_, now + pause);
  if (taken_at < lowered_at_) return;
  const auto proven = static_cast<double>(in_window(now)) * proven_share;
  limit_ = std::max({least_limit, limit_ / 2, std::min(limit_, proven)});
  tokens_ = std::min(tokens_, burst_of(options_, limit_));
  lowered_at_ = now;
  rises_at_ = std::max(now, held_until_) + options_.rise_after;
}

void budget::set_ceiling(double ceiling, double burst, mono_time now) {
  advance(now);
  const bool is_lowered = limit_ < options_.ceiling;
  options_.ceiling = std::max(least_limit, ceiling);
  options_.burst = burst;
  limit_ = is_lowered ? std::min(limit_, options_.ceiling) : options_.ceiling;
  tokens_ = std::min(tokens_, burst_of(options_, limit_));
}

} // namespace causeway
