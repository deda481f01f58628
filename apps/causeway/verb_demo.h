// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

namespace causeway {

struct demo_options {
  std::uint32_t devices = 20;
  std::uint64_t uplinks = 0;
  std::optional<std::uint32_t> rate; // uplinks a second, 0 = as fast as it goes; absent: 10, or 0 with exit
  bool exit = false;
  bool json = false;
};

// 0: every accepted uplink was delivered. 1: something was lost or could not start.
int verb_demo(const demo_options& options);

} // namespace causeway
