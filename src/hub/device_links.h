// SPDX-License-Identifier: Apache-2.0
// The links in a device's session, one a role that the device has: telemetry always, commands where they are
// wanted. A role is a row of the table in device_links.cpp: its address, its direction, its name. Part of
// device_session. Pure; one thread.
#pragma once

#include "amqp/engine.h"
#include "base/ids.h"
#include "hub/connection_options.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace causeway::hub {

class device_links {
public:
  // ATTACH of each that is wished for. number: unique on the connection, for their names. Each has the
  // session's context. Those that receive get no credit.
  void open(amqp::session in, const identity& device, const link_wish& wish, std::uint64_t number,
            const std::string& client_version);
  // All are attached by the hub, with credit to send.
  bool usable() const;
  void close();

  // Empty before open().
  amqp::link telemetry() const { return links_[0]; }

private:
  static constexpr std::size_t roles = 2;
  std::array<amqp::link, roles> links_; // in the table's order; empty: not wished for
};

} // namespace causeway::hub
