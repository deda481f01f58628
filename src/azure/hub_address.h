// SPDX-License-Identifier: Apache-2.0
// Where a hub or DPS is reached. Value types, any thread.
#pragma once

#include "base/ids.h"
#include "base/result.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace causeway::azure {

inline constexpr std::uint16_t amqps_port = 5671;
inline constexpr std::uint16_t https_port = 443;

struct hub_address {
  std::string host; // without port and brackets, in lower case
  std::uint16_t port = amqps_port;

  // The first label: "contoso" of "contoso.azure-devices.net".
  std::string_view name() const;
  // With ":port" where it is not the default of IoT Hub.
  hub_host id() const;
  // The hub itself, whichever of its names this is: HUB.device.azure-devices.net and HUB.azure-devices.net
  // are one, in every cloud of Azure's. Any other host is itself, with its port.
  hub_host hub() const;
  friend bool operator==(const hub_address&, const hub_address&) = default;
};

// "contoso.azure-devices.net", "localhost:15671", "127.0.1.1:443", "[::1]:5671".
// Errors: config_invalid_value, which quotes the text.
result<hub_address> parse_hub_address(std::string_view text, std::uint16_t default_port = amqps_port);

} // namespace causeway::azure
