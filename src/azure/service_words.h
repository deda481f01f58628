// SPDX-License-Identifier: Apache-2.0
// What IoT Hub and DPS mean by words that have no number. Pure functions, any thread.
#pragma once

#include <string_view>

namespace causeway::azure {

// Whether a refusal says that keys in general are not taken there: local authentication (disableLocalAuth,
// disableDeviceSAS) is switched off. The name of a device in it does not count, nor that one device is
// disabled. The services' texts are not documented; these are the words that their settings have.
bool tells_of_keys_switched_off(std::string_view description);

} // namespace causeway::azure
