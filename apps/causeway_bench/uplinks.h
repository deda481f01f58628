// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace causeway::bench {

struct uplinks_options {
  std::uint32_t devices = 1'000;
  double rate = 0; // uplinks a second; 0 = as fast as they are answered
  std::uint32_t seconds = 20;
  std::uint32_t connections = 64;
  std::string directory = "/var/tmp";
  bool json = false;
};

// 0: measured, and nothing accepted was lost. 1: lost, or could not be measured.
int measure_uplinks(const uplinks_options& options);

} // namespace causeway::bench
