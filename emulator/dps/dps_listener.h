// SPDX-License-Identifier: Apache-2.0
// The emulated provisioning service's port: HTTPS. Loop's thread only.
#pragma once

#include "emulator/dps/dps_service.h"
#include "emulator/hub/emulated_clock.h"
#include "emulator/hub/latency.h"
#include "net/http_server.h"

namespace causeway::emulator {

// on, tasks and dps must live until tasks has stopped. Errors: as listener::bind.
result<net::http_server> start_dps_listener(net::loop& on, net::task_group& tasks,
                                            const net::listen_address& address, net::tls_server_context tls,
                                            dps_service& dps, const latency& delays, emulated_clock clock);

} // namespace causeway::emulator
