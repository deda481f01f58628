// SPDX-License-Identifier: Apache-2.0
// What hub::connection is told about itself, and about a device. Plain values.
#pragma once

#include "amqp/engine.h"
#include "base/clock.h"
#include "base/ids.h"

#include <cstdint>
#include <string>

namespace causeway::hub {

enum class auth : std::uint8_t {
  device_keys, // a put-token a device
  policy,      // one put-token a connection, audience = host; renewed at half its life
};

struct connection_options {
  hub_host host;
  std::string container_id; // unique among the connections ever made: link names are scoped by it
  auth mode = auth::device_keys;
  amqp::sasl sasl = amqp::sasl::none;
  std::uint32_t max_devices = 900;
  seconds idle_time_out{30}; // the figure on the wire; a peer that is silent for twice that is gone
  seconds token_life{3600};
  seconds header_time_out{15};       // the peer's AMQP header
  seconds open_time_out{60};         // OPEN, $cbs and, with a policy, its token together
  seconds answer_time_out{30};       // a put-token; an ATTACH with credit; the CLOSE
  seconds send_time_out{240};        // a message's outcome; the hub delays before it throttles
  std::uint32_t cbs_in_flight = 100; // put-tokens without an answer; 30 over WebSocket
  std::string client_version;        // "causeway/0.1.0"
  // The hub has shown before that its sessions hold two links: a round trip less.
  bool two_links_a_session = false;
  bool takes_c2d = true;            // hubs may give cloud-to-device messages; see command_desk
  std::uint64_t first_delivery = 0; // numbers of what is given follow this one
};

// What a device's session holds.
struct link_wish {
  std::string model_id{}; // of the telemetry link; empty: none
  bool commands = false;  // a link for cloud-to-device messages beside it
  bool methods = false;   // the two links of direct methods
  bool twin = false;      // the two of its twin
};

} // namespace causeway::hub
