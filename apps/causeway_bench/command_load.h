// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace causeway::bench {

struct command_load_options {
  std::uint32_t devices = 100'000;    // all with links for commands, half of them through DPS
  std::uint32_t command_devices = 0;  // of these get commands; 0: half; the others send the uplinks
  double commands_per_minute = 5'000; // cloud-to-device messages; 0: none, for the comparison
  double rate = 1'000;                // uplinks a second
  std::uint32_t seconds = 600;
  std::string directory = "/var/tmp";
  bool json = false;
};

// Messages from the hub to the stack beside uplinks: how long each takes from before it was given to the hub
// until the stack has its push, by the emulated stack's own book; and what memory they cost. 0: measured, all
// came into a queue, once, and no uplink was lost. 1: not so, or could not be measured.
int measure_command_load(const command_load_options& options);

} // namespace causeway::bench
