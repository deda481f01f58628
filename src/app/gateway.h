// SPDX-License-Identifier: Apache-2.0
// The whole gateway: builds, wires, starts and stops everything. The only place that knows all modules.
// Loop's thread only.
#pragma once

#include "config/configuration.h"
#include "net/inherited_sockets.h"
#include "net/loop.h"
#include "watch/snapshot.h"

#include <memory>

namespace causeway::app {

class gateway {
public:
  // Locks the state directory, reads the store, binds the listeners, sets up what the store knows, serves and
  // attaches. Faults leave nothing behind. Errors: those of the configuration (check_configuration in
  // wiring.h), state_*, address_*, certificate_unusable. from must live until start has ended. sockets: of
  // these the webhook's is taken.
  static net::task<result<std::unique_ptr<gateway>>>
  start(net::loop& on, const config::configuration& from,
        std::shared_ptr<net::inherited_sockets> sockets = std::make_shared<net::inherited_sockets>());
  ~gateway();

  // In reverse, the webhook last, so that clients that repeat nothing lose nothing: asks them to go, while it
  // takes and stores; drains what devices that are online had until now (at most this long) and says goodbye
  // to the hubs; half-closes idle connections, accepts no more, finishes requests, flushes and closes the
  // store. Errors: store_unavailable when not all could be written.
  net::task<result<void>> stop(std::chrono::milliseconds drain);

  watch::snapshot figures() const;

private:
  struct parts;
  explicit gateway(std::unique_ptr<parts> p);
  std::unique_ptr<parts> parts_;
};

} // namespace causeway::app
