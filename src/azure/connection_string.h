// SPDX-License-Identifier: Apache-2.0
// IoT Hub's connection strings with symmetric keys (azure-iot-wire.md A.1). Any thread.
#pragma once

#include "azure/hub_address.h"
#include "azure/sas_token.h"

namespace causeway::azure {

struct connection_string {
  hub_address hub;
  causeway::identity device; // empty: a policy of the whole hub
  std::string policy;        // SharedAccessKeyName; empty: key is the device's own
  signing_key key;

  // One key for every device of the hub.
  bool is_hub_wide() const { return device.empty(); }
};

// what: names the string in errors ("azure.plant.connection_string"). Three forms: HostName +
// SharedAccessKeyName + SharedAccessKey (policy), HostName + DeviceId + SharedAccessKey (device), and both
// together (a policy that acts for one device). Names of keys in any letter case, white space around names
// and values and a semicolon at the end are forgiven. Errors: connection_string_malformed, which names the
// key that is unknown, twice there, missing or not supported; key_not_base64. Neither shows any value but the
// host's.
result<connection_string> parse_connection_string(const secret& text, std::string_view what);

} // namespace causeway::azure
