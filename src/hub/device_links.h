// SPDX-License-Identifier: Apache-2.0
// The links that a device's session may have, one a role: telemetry, cloud-to-device messages, the two of
// direct methods, the two of its twin. A role is a row of the table in device_links.cpp: its address, its
// direction, its name, its properties (azure-iot-wire.md B.4). Pure; one thread.
#pragma once

#include "amqp/engine.h"
#include "base/ids.h"

#include <cstdint>
#include <string>

namespace causeway::hub {

enum class device_link : std::uint8_t {
  telemetry,
  c2d,
  method_calls,
  method_answers,
  twin_answers, // and what has changed
  twin_requests,
};

struct link_terms {
  const identity& device;
  const std::string& client_version;
  std::uint64_t number;     // for its name: with the role unique on the connection
  std::string model_id;     // of the telemetry link; empty: none
  std::string channel_pair; // what pairs two links; empty: it is one alone
};

// Says ATTACH. The link has the session's context; one that receives has no credit yet.
amqp::link open_link(device_link role, amqp::session in, const link_terms& terms);
// The hub has attached it, and has not taken it away.
bool is_open(const amqp::link& which);

} // namespace causeway::hub
