// SPDX-License-Identifier: Apache-2.0
// What The Things Stack posts for an uplink: JSON in the shape of the sample up-03 (things-stack-samples),
// written here by hand so that nothing of the gateway's own reading of it is shared. Pure.
#pragma once

#include "base/clock.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace causeway::emulator {

inline constexpr std::uint32_t simulated_f_port = 2;
inline constexpr std::string_view simulated_join_eui = "EC656E0000000001";
inline constexpr std::string_view simulated_dev_addr = "27FE87F6";

struct simulated_uplink {
  std::string_view application;
  std::string_view device;
  std::string_view dev_eui;
  std::string_view session_key_id; // empty: ABP
  std::uint64_t f_cnt = 0;
  std::uint64_t marker = 0; // goes into decoded_payload as "uplink"
  wall_time received_at;
  std::optional<wall_time> handled_at{}; // by the Application Server; absent: at the same time
  std::uint32_t variation = 0;           // makes temperature, rssi and snr differ
  std::string_view dev_addr = simulated_dev_addr;
  bool confirmed = false;
  bool simulated = false; // as up/simulate makes them: no network server has had it
};

std::string make_uplink_body(const simulated_uplink& uplink);

// A made-up EUI that is the device's own: 16 upper-case hexadecimal digits.
std::string make_dev_eui(std::string_view application, std::string_view device);

} // namespace causeway::emulator
