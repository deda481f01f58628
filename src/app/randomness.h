// SPDX-License-Identifier: Apache-2.0
// Jitter and message ids: seeded with the system's entropy once; they need no more than that. One thread.
#pragma once

#include <cstdint>
#include <random>
#include <string>

namespace causeway::app {

class randomness {
public:
  // In [0, 1).
  double unit() { return std::uniform_real_distribution<double>{0.0, 1.0}(engine_); }
  std::uint64_t bits() { return engine_(); }
  // What nobody may guess: 32 bytes of the system's entropy.
  static std::string key() {
    std::random_device entropy;
    std::string out;
    while (out.size() < 32)
      for (auto word = std::uint32_t{entropy()}, i = 0U; i < 4; ++i, word >>= 8U)
        out += static_cast<char>(word & 0xffU);
    return out;
  }

private:
  std::mt19937_64 engine_ = [] {
    std::random_device entropy;
    std::seed_seq seed{entropy(), entropy(), entropy(), entropy(),
                       entropy(), entropy(), entropy(), entropy()};
    return std::mt19937_64{seed};
  }();
};

} // namespace causeway::app
