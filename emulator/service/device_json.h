// SPDX-License-Identifier: Apache-2.0
// Identities and twins as an IoT hub's REST interface shows them (azure-iot-wire.md D.1). Pure.
#pragma once

#include "emulator/hub/hub_service.h"

#include <boost/json.hpp>

#include <string>

namespace causeway::emulator {

// Bare, as in bodies.
std::string device_etag(const hub_identity& device);
// Preconditions of both: the hub has the identity.
boost::json::object device_json(hub_service& hub, const identity& id);
boost::json::object twin_json(hub_service& hub, const identity& id, moment now);

} // namespace causeway::emulator
