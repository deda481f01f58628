// SPDX-License-Identifier: Apache-2.0
// The port of the emulated Things Stack for what asks it: registry, storage, downlinks; HTTPS. Loop's thread
// only.
#pragma once

#include "emulator/hub/emulated_clock.h"
#include "emulator/hub/latency.h"
#include "emulator/stack/downlink_port.h"
#include "emulator/stack/registry_stream.h"
#include "emulator/stack/stack_access.h"
#include "emulator/stack/storage_api.h"
#include "net/http_server.h"

namespace causeway::emulator {

// All must live until tasks has stopped; without downlinks nothing is there for them. Errors: as
// listener::bind.
result<net::http_server> start_stack_listener(net::loop& on, net::task_group& tasks,
                                              const net::listen_address& address, net::tls_server_context tls,
                                              stack_registry& registry, storage_api& storage,
                                              stack_access& access, registry_stream& stream,
                                              downlink_port* downlinks, const latency& delays,
                                              emulated_clock clock);

} // namespace causeway::emulator
