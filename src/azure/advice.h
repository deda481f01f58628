// SPDX-License-Identifier: Apache-2.0
// What is allowed and yet looks like a slip in what people paste from Azure's portal: each for a warning,
// empty where nothing looks odd. None shows a secret. Pure functions, any thread.
#pragma once

#include "azure/hub_address.h"
#include "azure/sas_token.h"

#include <string>
#include <string_view>

namespace causeway::azure {

// A DPS's host, a domain that is nearly IoT Hub's, a port of another protocol.
std::string advice_on_hub(const hub_address& hub);
// A hub's host, a domain that is nearly DPS', a port that is not HTTPS'.
std::string advice_on_dps(const hub_address& dps);
// One of IoT Hub's own policies that lacks the right to connect devices.
std::string advice_on_policy(std::string_view policy);
// A key that is neither 32 nor 64 bytes long, as Azure makes them; hexadecimal digits where base64 belongs.
std::string advice_on_key(const signing_key& key);
// What IoT Hub and DPS take at all: 16 to 64 bytes.
bool is_key_length(const signing_key& key);

} // namespace causeway::azure
