// SPDX-License-Identifier: Apache-2.0
// What IoT Hub, DPS and IoT Central allow: quotas to plan with and constants of the protocol. Value types,
// any thread. Sources: azure-iot-wire.md E.8, limits-and-lessons.md 4.1 to 4.4.
#pragma once

#include "base/result.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace causeway::azure {

// Per connection.
inline constexpr std::size_t max_tokens_per_connection = 995; // the hub's own figure is 999 or 1,000
inline constexpr std::size_t max_tokens_per_websocket_connection = 500;
inline constexpr std::size_t max_waiting_cbs_on_websocket = 30;
// Sizes in bytes.
inline constexpr std::size_t max_d2c_bytes = 256 * 1024;        // larger: rejected
inline constexpr std::size_t max_d2c_frame_bytes = 1024 * 1024; // larger: the hub closes the link
inline constexpr std::size_t max_c2d_bytes = 64 * 1024;
inline constexpr std::size_t max_method_bytes = 128 * 1024;
inline constexpr std::size_t max_twin_section_bytes = 32 * 1024;
inline constexpr std::size_t max_c2d_queue = 50; // a device

enum class tier : std::uint8_t { f1, b1, b2, b3, s1, s2, s3 };
std::string_view to_string(tier which);
// "S1", in either case. Errors: config_invalid_value, which lists the tiers.
result<tier> parse_tier(std::string_view text);

// For the whole hub, all its units together. Rates are a second.
struct hub_limits {
  double connects;
  double sends;
  double c2d_sends;    // 0: the tier has no commands
  double method_bytes; // 0: the tier has no direct methods
  double twin_reads;   // 0: the tier has no twins
  double twin_updates;
  double registry_operations;
  std::uint64_t messages_per_day;
  std::size_t meter_bytes; // a message counts once for each begun piece of this size
};

std::uint32_t max_units(tier which);
// Errors: config_invalid_value when the tier does not come in so many units.
result<hub_limits> hub_limits_of(tier which, std::uint32_t units);
// An IoT Central application: its hubs are hidden, and its own limits count.
hub_limits central_limits();

// Registrations and operations a second for one DPS; polls a second for one device.
struct dps_limits {
  double registrations;
  double operations;
  double polls_per_device;
};
dps_limits dps_limits_of_service();
dps_limits dps_limits_of_central();

} // namespace causeway::azure
