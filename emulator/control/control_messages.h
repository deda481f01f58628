// SPDX-License-Identifier: Apache-2.0
// The control API's part about what goes down to devices: messages that wait and those that have ended, who
// holds a device's links, its twin; and a service that sends a message without AMQP. Loop's thread only.
#pragma once

#include "emulator/control/control_api.h"

namespace causeway::emulator {

// Figures of one hub, or of several added up, into an answer of /ledger.
struct downward_figures {
  c2d_totals c2d;
  method_totals methods;
  twin_totals twins;
  hub_totals links;

  void add(hub_service& hub);
  void write(boost::json::object& into) const;
};

// /c2d
net::http_response answer_c2d_control(const controlled& emulator, const net::http_request& request);
// /links
net::http_response answer_links_control(const controlled& emulator, const net::http_request& request);
// /twins/ID
net::http_response answer_twins_control(const controlled& emulator, const net::http_request& request);

} // namespace causeway::emulator
