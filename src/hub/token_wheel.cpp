// SPDX-License-Identifier: Apache-2.0
#include "hub/token_wheel.h"

#include <algorithm>
#include <bit>

namespace causeway::hub {

std::uint32_t token_wheel::tick_of(mono_time time, bool up) const {
  if (time <= start_) return 0;
  const auto since = time - start_;
  const auto ticks = up ? std::chrono::ceil<seconds>(since) : std::chrono::floor<seconds>(since);
  return static_cast<std::uint32_t>(std::min<std::int64_t>(ticks.count(), none - 1));
}

void token_wheel::schedule(std::uint32_t key, mono_time due) {
  cancel(key);
  if (heads_.empty()) heads_.assign(bucket_count, none);
  if (key >= entries_.size()) entries_.resize(key + 1);
  // What is due already goes into the next bucket that will be looked at.
  const std::uint32_t tick = std::max(tick_of(due, true), current_ + 1);
  const std::uint32_t bucket = tick % bucket_count;
  entries_[key] = {tick, none, heads_[bucket]};
  if (heads_[bucket] != none) entries_[heads_[bucket]].previous = key;
  heads_[bucket] = key;
  used_[bucket / 64] |= std::uint64_t{1} << (bucket % 64);
  ++size_;
}

void token_wheel::unlink(std::uint32_t key) {
  entry& gone = entries_[key];
  const std::uint32_t bucket = gone.tick % bucket_count;
  if (gone.next != none) entries_[gone.next].previous = gone.previous;
  if (gone.previous != none)
    entries_[gone.previous].next = gone.next;
  else
    heads_[bucket] = gone.next;
  if (heads_[bucket] == none) used_[bucket / 64] &= ~(std::uint64_t{1} << (bucket % 64));
  gone = {};
  --size_;
}

void token_wheel::cancel(std::uint32_t key) {
  if (key < entries_.size() && entries_[key].tick != none) unlink(key);
}

void token_wheel::take_due(mono_time now, std::vector<std::uint32_t>& out) {
  const std::uint32_t until = tick_of(now, false);
  if (until <= current_) return;
  if (size_ > 0) {
    const std::uint32_t turns = std::min(until - current_, bucket_count);
    for (std::uint32_t turn = 1; turn <= turns; ++turn) {
      std::uint32_t key = heads_[(current_ + turn) % bucket_count];
      while (key != none) {
        const std::uint32_t next = entries_[key].next;
        if (entries_[key].tick <= until) {
          unlink(key);
          out.push_back(key);
        }
        key = next;
      }
    }
  }
  current_ = until;
}

std::optional<mono_time> token_wheel::next_due() const {
  if (size_ == 0) return std::nullopt;
  const std::uint32_t first = (current_ + 1) % bucket_count;
  for (std::uint32_t step = 0; step < bucket_count;) {
    const std::uint32_t bucket = (first + step) % bucket_count;
    const std::uint64_t word = used_[bucket / 64] >> (bucket % 64);
    if (word != 0) {
      step += static_cast<std::uint32_t>(std::countr_zero(word));
      return start_ + seconds{current_ + 1 + step};
    }
    step += 64 - bucket % 64;
  }
  return std::nullopt; // not reached: the search ends with the whole word that it began in
}

double spread_of(device_ref device, std::uint64_t round) {
  // splitmix64's finaliser: neighbours come out far apart.
  std::uint64_t x = (round << 32) + index_of(device) + 0x9e3779b97f4a7c15ull;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
  x ^= x >> 31;
  return static_cast<double>(x >> 11) * 0x1.0p-53;
}

milliseconds renewal_age(device_ref device, mono_time sent, seconds life) {
  const auto second = std::chrono::duration_cast<seconds>(sent.time_since_epoch()).count();
  const double share = 0.60 + 0.20 * spread_of(device, static_cast<std::uint64_t>(second));
  return milliseconds{static_cast<std::int64_t>(static_cast<double>(milliseconds{life}.count()) * share)};
}

milliseconds renewal_pause(device_ref device, std::uint32_t failures) {
  const double base = std::min(5'000.0 * static_cast<double>(1u << std::min(failures, 10u)), 60'000.0);
  return milliseconds{static_cast<std::int64_t>(base * (0.75 + 0.5 * spread_of(device)))};
}

} // namespace causeway::hub
