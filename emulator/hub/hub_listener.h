// SPDX-License-Identifier: Apache-2.0
// The emulated hub's port: AMQP over TLS. Loop's thread only.
#pragma once

#include "emulator/hub/hub_service.h"
#include "net/listener.h"

#include <memory>

namespace causeway::emulator {

class hub_listener {
public:
  // hub, on and tasks must live until tasks has stopped. Everything that the hub writes leaves as late as its
  // options' latency says. While the hub is gone (fault hub_gone) nobody listens at the port.
  // Errors: as listener::bind.
  static result<hub_listener> start(net::loop& on, net::task_group& tasks, const net::listen_address& address,
                                    net::tls_server_context tls, hub_service& hub);

  std::uint16_t port() const;
  // For good.
  void close();

private:
  struct state;
  explicit hub_listener(std::shared_ptr<state> s) : state_{std::move(s)} {}
  std::shared_ptr<state> state_;
};

} // namespace causeway::emulator
