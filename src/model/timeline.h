// SPDX-License-Identifier: Apache-2.0
// Where each second of a device's way to its hub went, and of its commands' to the device: spans, one a
// phase, in a ring of fixed size whose oldest are overwritten. What devices share (the phases of one
// connection) is noted once, under the connection's number, which the device's own spans carry. Owned by app;
// one thread.
#pragma once

#include "base/clock.h"
#include "base/error.h"
#include "base/ids.h"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace causeway::model {

enum class phase : std::uint8_t {
  dps_queue,    // waits for its turn within the quota
  dps_register, // the request and its answer
  dps_wait,     // DPS has asked to wait: Retry-After
  dps_poll,     // the request and its answer
  hub_queue,    // waits for the hub's quota of connects, or for its connection
  dns,          // of the connection, as the next four
  tcp,
  tls,
  open,          // OPEN to its answer
  cbs_link,      // the $cbs links, and the policy's token where there is one
  cbs,           // the device's put-token to its answer
  attach,        // BEGIN and ATTACH to the hub's credit
  first_send,    // the first message since the device came online, to the hub's accept
  command_store, // of a command, as all below: a hub's message, or call, to the disk's answer
  command_turn,  // waits for its turn at The Things Stack
  command_push,  // written down as leaving, pushed, and looked for where there is no answer
  command_send,  // in the device's queue, until a gateway has sent it
  command_ack,   // to the device's acknowledgement
};
inline constexpr std::size_t phases = 18;
// Of a command: no part of the device's way to its hub.
inline bool is_of_command(phase what) {
  return what >= phase::command_store;
}
// "dps.queue", "dps.register", "dps.wait", "dps.poll", "hub.queue", "dns", "tcp", "tls", "open", "cbs.link",
// "cbs", "attach", "first_send", "command.store", "command.turn", "command.push", "command.send",
// "command.ack".
std::string_view to_string(phase what);

// A line to a hub, as long as it lives. Never used twice in a process; 0 = none.
using connection_number = std::uint32_t;

struct span {
  mono_time begin;
  std::chrono::nanoseconds duration{0};
  std::optional<device_ref> device; // none: of the whole connection
  connection_number connection = 0; // 0: of no connection (DPS)
  phase what{};
  std::optional<errc> fault; // how it ended, when not well
};

class timeline {
public:
  // started: ties both clocks together for those who show wall time. capacity: spans that are kept, 40 bytes
  // each.
  explicit timeline(moment started, std::size_t capacity = 262'144);

  void note(const span& what);
  // All spans ever noted; the ring holds the last capacity() of them.
  std::uint64_t noted() const { return noted_; }
  std::uint64_t first_kept() const { return noted_ - spans_.size(); }
  std::size_t capacity() const { return capacity_; }
  // Precondition: first_kept() <= number < noted().
  const span& at(std::uint64_t number) const;
  // The device's spans and those of the connections that they name, in the order noted; the newest `limit`.
  std::vector<span> of(device_ref device, std::size_t limit = 256) const;

  wall_time wall_of(mono_time when) const {
    return started_.wall + std::chrono::duration_cast<wall_time::duration>(when - started_.mono);
  }
  moment started() const { return started_; }

private:
  moment started_;
  std::size_t capacity_;
  std::vector<span> spans_; // a ring once it is full
  std::uint64_t noted_ = 0;
};

} // namespace causeway::model
