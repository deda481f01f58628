// SPDX-License-Identifier: Apache-2.0
// The port of the emulated registry of The Things Stack: HTTPS. Loop's thread only.
#pragma once

#include "emulator/hub/emulated_clock.h"
#include "emulator/hub/latency.h"
#include "emulator/stack/stack_access.h"
#include "emulator/stack/storage_api.h"
#include "net/http_server.h"

namespace causeway::emulator {

// on, tasks and registry must live until tasks has stopped. Errors: as listener::bind.
result<net::http_server> start_stack_listener(net::loop& on, net::task_group& tasks,
                                              const net::listen_address& address, net::tls_server_context tls,
                                              stack_registry& registry, storage_api& storage,
                                              stack_access& access, const latency& delays,
                                              emulated_clock clock);

} // namespace causeway::emulator
