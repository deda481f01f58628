// SPDX-License-Identifier: Apache-2.0
#include "emulator/hub/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace causeway::emulator {

void histogram::record(std::chrono::nanoseconds duration) {
  const auto us = static_cast<std::uint64_t>(std::max<std::int64_t>(duration.count() / 1000, 0));
  std::size_t bucket = static_cast<std::size_t>(us);
  if (us >= steps) {
    const auto power = static_cast<std::size_t>(std::bit_width(us)) - 6; // us >> power lies in [32, 64)
    bucket = steps * (power + 1) + static_cast<std::size_t>((us >> power) - steps);
  }
  ++buckets_[std::min(bucket, buckets_.size() - 1)];
  ++count_;
}

std::chrono::nanoseconds histogram::quantile(double share) const {
  if (count_ == 0) return std::chrono::nanoseconds{0};
  const auto wanted =
      std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_))));
  std::uint64_t reached = 0;
  std::size_t bucket = 0;
  for (; bucket < buckets_.size(); ++bucket) {
    reached += buckets_[bucket];
    if (reached >= wanted) break;
  }
  const auto power = bucket / steps == 0 ? 0 : bucket / steps - 1;
  const auto base = bucket / steps == 0 ? bucket : steps + bucket % steps;
  return std::chrono::microseconds{static_cast<std::int64_t>((base + 1) << power)};
}

} // namespace causeway::emulator
