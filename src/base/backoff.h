// SPDX-License-Identifier: Apache-2.0
// Growing pauses with jitter. Pure: randomness is a parameter.
#pragma once

#include <chrono>
#include <cstdint>

namespace causeway {

struct backoff_policy {
  std::chrono::milliseconds first{500};
  std::chrono::milliseconds longest{60'000};
  double factor = 2.0;
  double jitter = 0.25; // the pause is spread over ± this share
};

// The pause after this many earlier failures in a row. random: uniform in [0, 1).
std::chrono::milliseconds pause_after(const backoff_policy& policy, std::uint32_t failures, double random);

class backoff {
public:
  explicit backoff(backoff_policy policy = {}) : policy_{policy} {}

  // The pause before the next try. random: uniform in [0, 1). Each call counts as one more failure.
  std::chrono::milliseconds next(double random) { return pause_after(policy_, failures_++, random); }
  void reset() { failures_ = 0; }
  std::uint32_t failures() const { return failures_; }

private:
  backoff_policy policy_;
  std::uint32_t failures_ = 0;
};

} // namespace causeway
