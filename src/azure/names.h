// SPDX-License-Identifier: Apache-2.0
// Names and addresses of devices in IoT Hub and DPS (azure-iot-wire.md A.4, B.4, A.5). Pure functions, any
// thread.
#pragma once

#include "azure/hub_address.h"
#include "base/ids.h"

#include <optional>
#include <string>
#include <string_view>

namespace causeway::azure {

inline constexpr std::size_t longest_name = 128; // of identities and registration ids

// What IoT Hub takes, and what older rules took: case-sensitive, ASCII letters and digits and - . + % _ # * ?
// ! ( ) , = @ $ ' :
bool is_valid_identity(std::string_view text);
// Letters, digits and - . _ : with a letter, a digit or - at the end; DPS ignores the letter case.
bool is_valid_registration_id(std::string_view text);

// What a token is for, not percent-encoded: "{host}/devices/{identity}", without the port.
std::string device_resource(const hub_address& hub, const identity& device);
// "{scope}/registrations/{registration}".
std::string registration_resource(std::string_view id_scope, const registration_id& registration);

enum class link_role : std::uint8_t { telemetry, c2d, methods, twin };
// "/devices/{percent-encoded}/messages/events", "…/messages/devicebound", "…/methods/devicebound", "…/twin".
std::string link_address(link_role role, const identity& device);

struct link_target {
  link_role role;
  identity device;
  friend bool operator==(const link_target&, const link_target&) = default;
};
// With or without "amqps://host[:port]", fixed parts in any letter case, the id decoded once and tolerantly.
// Nothing for what is no device's address.
std::optional<link_target> parse_link_address(std::string_view address);

} // namespace causeway::azure
