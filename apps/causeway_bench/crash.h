// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace causeway::bench {

struct crash_options {
  std::uint32_t kills = 200;
  std::uint32_t stops = 0;   // SIGTERM, and started again when it has ended
  std::uint32_t cuts = 200;  // of all the hub's connections
  std::uint32_t freezes = 0; // SIGSTOP, and SIGCONT up to eight seconds later
  std::uint32_t seconds = 300;
  std::uint32_t devices = 2'000;
  double rate = 2'000;            // uplinks a second
  std::uint32_t mqtt_devices = 0; // that send by MQTT alone, each one uplink in two seconds
  bool backfill = false;          // what they sent in vain is fetched from the Storage Integration
  std::uint32_t commands = 0;     // sent beside them; 0: none
  std::uint32_t command_devices = 100;
  std::uint32_t patience = 60; // seconds without a change until what is missing is missing
  std::uint32_t seed = 0;      // of the moments; 0: drawn anew
  std::string directory = "/var/tmp";
  bool json = false;
};

// The gateway is killed with SIGKILL at random moments, also while it starts, and the hub's connections are
// cut at others; it may be stopped as an operator does, too. 0: nothing accepted was lost, order was kept,
// every duplicate had its message-id, and of MQTT, whatever was missed, order was kept or, with backfill,
// nothing was missed. With commands, to devices that send none of these uplinks, and by MQTT too where there
// are devices by MQTT, connections to the stack are cut, too, and it answers worse than it must: none was
// lost or sent twice, none was in doubt without ground, and what was said of each is so. 1: not so, or could
// not be measured.
int measure_crash(const crash_options& options);

} // namespace causeway::bench
