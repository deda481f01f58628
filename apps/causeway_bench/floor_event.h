// SPDX-License-Identifier: Apache-2.0
// What an uplink's event says, as views into its text. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace causeway::bench {

struct floor_event {
  std::string_view application, device, dev_eui;
  std::string_view received_at; // by the network
  std::string_view frm_payload, rssi, snr;
  std::string_view decoded; // from the key's end on: a colon and an object, then the rest of the event
  std::int64_t f_port = 0, f_cnt = 0, bandwidth = 0, spreading_factor = 0;
  std::uint32_t gateways = 0;
  bool confirmed = false, simulated = false;
  // All that a field mask might have left out is there.
  bool is_whole = false;
};

// Nothing for what is no JSON, no uplink, or has an escape in a text that is wanted.
std::optional<floor_event> read_floor_event(std::string_view text);

} // namespace causeway::bench
