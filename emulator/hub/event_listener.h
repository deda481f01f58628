// SPDX-License-Identifier: Apache-2.0
// The port of the Event-Hubs-compatible endpoint: AMQP without TLS, as Microsoft's clients want it where a
// connection string says UseDevelopmentEmulator=true. Loop's thread only.
#pragma once

#include "emulator/hub/event_endpoint.h"
#include "net/listener.h"

namespace causeway::emulator {

// on, tasks and endpoint must live until tasks has stopped. Errors: as listener::bind.
result<net::listener> start_event_listener(net::loop& on, net::task_group& tasks,
                                           const net::listen_address& address, event_endpoint& endpoint);

} // namespace causeway::emulator
