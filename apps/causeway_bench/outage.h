// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace causeway::bench {

struct outage_options {
  std::uint32_t seconds = 600;      // that the hub is away
  std::uint32_t devices = 2'000;    // a quarter of them on a second hub, which stays
  double rate = 2'000;              // uplinks a second, before, meanwhile and afterwards
  std::uint64_t spool_messages = 0; // the gateway's limit; 0: its default
  std::string directory = "/var/tmp";
  bool json = false;
};

// A hub is away while uplinks come, and comes back. 0: nothing accepted was lost, and order was kept. 1: not
// so, or could not be measured.
int measure_outage(const outage_options& options);

} // namespace causeway::bench
