// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "emulator/stack/simulation.h"
#include "net/tls.h"

#include <cstdint>
#include <optional>
#include <string>

namespace causeway::bench {

struct uplinks_options {
  std::uint32_t devices = 1'000;
  double rate = 0; // uplinks a second; 0 = as fast as they are answered
  std::uint32_t seconds = 20;
  // Under way at most. 0: 64 as fast as they are answered; at a rate 1,024, as many as The Things Stack has
  // workers, so that a slow answer delays no other post.
  std::uint32_t posts = 0;
  bool tls = false;
  net::key_kind key = net::key_kind::p256; // of the webhook's certificate
  emulator::connection_use connections = emulator::connection_use::kept;
  unsigned http = 1; // 2: HTTP/2 where the webhook offers it
  std::string directory = "/var/tmp";
  bool json = false;
};

struct uplink_measurement;
void print_uplinks(const uplinks_options& options, const uplink_measurement& m);

// 0: measured, and nothing accepted was lost. 1: lost, or could not be measured.
int measure_uplinks(const uplinks_options& options);

} // namespace causeway::bench
