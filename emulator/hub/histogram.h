// SPDX-License-Identifier: Apache-2.0
// Durations in buckets that grow with the value: 32 steps to each power of two, so at most 3 % wide. Pure.
// One thread.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>

namespace causeway::emulator {

class histogram {
public:
  void record(std::chrono::nanoseconds duration);
  std::uint64_t count() const { return count_; }
  // The upper edge of the bucket in which this share (0 to 1) of the durations is reached; zero when empty.
  std::chrono::nanoseconds quantile(double share) const;
  double quantile_ms(double share) const { return static_cast<double>(quantile(share).count()) / 1e6; }

private:
  static constexpr std::size_t steps = 32;
  // From 1 µs to about 4,500 s; what is outside falls into the first or last bucket.
  std::array<std::uint64_t, steps * 33> buckets_{};
  std::uint64_t count_ = 0;
};

} // namespace causeway::emulator
