// SPDX-License-Identifier: Apache-2.0
// The port of an emulated hub's REST interface: HTTPS. Loop's thread only.
#pragma once

#include "emulator/service/service_api.h"
#include "net/http_server.h"

namespace causeway::emulator {

// on, tasks and api must live until tasks has stopped. Every answer leaves as late as `answer` says. Errors:
// as listener::bind.
result<net::http_server> start_service_listener(net::loop& on, net::task_group& tasks,
                                                const net::listen_address& address,
                                                net::tls_server_context tls, service_api& api,
                                                std::chrono::milliseconds answer);

} // namespace causeway::emulator
