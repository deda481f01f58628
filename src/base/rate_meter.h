// SPDX-License-Identifier: Apache-2.0
// How fast a counter has risen lately. Owner's thread only.
#pragma once

#include "base/clock.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace causeway {

class rate_meter {
public:
  static constexpr seconds window{60};

  // The counter's value; keeps one a second, further ones are passed over. A counter that has fallen begins
  // anew.
  void note(std::uint64_t total, mono_time now);
  // A second, over the last window, or as much of it as has been noted; 0 before the second value.
  double a_second() const;

private:
  struct sample {
    mono_time at;
    std::uint64_t total = 0;
  };
  const sample& kept(std::size_t back) const {
    return samples_[(next_ + samples_.size() - back) % samples_.size()];
  }

  std::array<sample, static_cast<std::size_t>(window.count()) + 1> samples_{};
  std::size_t next_ = 0, filled_ = 0;
};

} // namespace causeway
