// SPDX-License-Identifier: Apache-2.0
// What the stack says of a device's downlinks when it is asked: its queue (GET …/down of the application
// server), and what the network server has scheduled (its record of the device). Plain values; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace causeway::model {

// An item that waits in the queue.
struct queued_downlink {
  std::vector<std::string> correlation_ids; // as sent
  std::optional<std::uint8_t> f_port;
  std::uint32_t f_cnt = 0;
};
using downlink_queue = std::vector<queued_downlink>;

// Of the network server's record (real-stack-facts.md 2.2).
struct network_record {
  // By the network server's clock, nanoseconds since 1970. A device that was deleted and made again has
  // another, and nothing of what was before.
  std::int64_t created_at = 0;
  // Neither supports_class_b, supports_class_c, multicast nor a device_class: it is sent something only after
  // an uplink.
  bool class_a = true;
  // The newest received_at in mac_state and pending_mac_state, nanoseconds since 1970 by the network server's
  // clock; nothing: no uplink of the session, nor of one that begins.
  std::optional<std::int64_t> newest_uplink;
  // received_at of the last in mac_state: what was taken up last, of whatever time; nothing: none.
  std::optional<std::int64_t> last_uplink;
  std::vector<std::string> last_downlink; // correlation ids of the last of recent_downlinks
  std::vector<std::string> pending;       // of pending_application_downlink: it waits for its ack
};

} // namespace causeway::model
