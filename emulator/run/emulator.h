// SPDX-License-Identifier: Apache-2.0
// The whole emulator in one process: hub, provisioning service, The Things Stack's application side and the
// control API on one loop.
#pragma once

#include "emulator/control/installation.h"

namespace causeway::emulator {

// Serves until SIGINT or SIGTERM. Logs "emulator_ready" with the ports when all of them listen.
// Errors: address_in_use, address_unavailable, certificate_unusable.
result<void> run_emulator(const installation& made);

} // namespace causeway::emulator
