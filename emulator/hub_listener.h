// SPDX-License-Identifier: Apache-2.0
// The emulated hub's port: AMQP over TLS. Loop's thread only.
#pragma once

#include "emulator/hub_service.h"
#include "net/listener.h"

namespace causeway::emulator {

class hub_listener {
public:
  // hub, on and tasks must live until tasks has stopped. Errors: as listener::bind.
  static result<hub_listener> start(net::loop& on, net::task_group& tasks, const net::listen_address& address,
                                    net::tls_server_context tls, hub_service& hub);

  std::uint16_t port() const { return listener_.port(); }
  void close() { listener_.close(); }

private:
  explicit hub_listener(net::listener listener) : listener_{std::move(listener)} {}
  net::listener listener_;
};

} // namespace causeway::emulator
