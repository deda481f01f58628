// SPDX-License-Identifier: Apache-2.0
// The part of the control API that is about downlinks (README.md). Loop's thread only.
#pragma once

#include "emulator/control/control_api.h"

namespace causeway::emulator {

// The path begins with /downlinks.
net::http_response answer_downlinks_control(const controlled& emulator, const net::http_request& request);

} // namespace causeway::emulator
