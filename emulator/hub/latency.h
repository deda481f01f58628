// SPDX-License-Identifier: Apache-2.0
// How long the emulated services take to answer: about what a gateway in the same region as its hub measures.
// Each answer leaves that much later; answers never wait for one another.
#pragma once

#include <chrono>

namespace causeway::emulator {

struct latency {
  std::chrono::milliseconds answer{20};        // every answer of hub, DPS and registry
  std::chrono::milliseconds registration{150}; // a DPS register answer, on top of `answer`
  std::chrono::milliseconds put_token{20};     // on top of `answer`
  std::chrono::milliseconds attach{20};        // on top of `answer`

  static constexpr latency azure() { return {}; }
  static constexpr latency none() {
    using std::chrono::milliseconds;
    return {milliseconds{0}, milliseconds{0}, milliseconds{0}, milliseconds{0}};
  }
};

} // namespace causeway::emulator
