// SPDX-License-Identifier: Apache-2.0
// The parts of the control API that are about DPS and the registry and storage of The Things Stack
// (README.md). Loop's thread only.
#pragma once

#include "emulator/control/control_api.h"

namespace causeway::emulator {

// The path begins with /dps.
net::http_response answer_dps_control(const controlled& emulator, const net::http_request& request);
// The path begins with /registry.
net::http_response answer_registry_control(const controlled& emulator, const net::http_request& request);
// The path begins with /access/.
net::http_response answer_access_control(const controlled& emulator, const net::http_request& request);
// The path is /storage.
net::http_response answer_storage_control(const controlled& emulator, const net::http_request& request);

} // namespace causeway::emulator
