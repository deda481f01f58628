// SPDX-License-Identifier: Apache-2.0
// What hub::connection tells its owner: events, and counts. Plain values.
#pragma once

#include "amqp/engine.h"
#include "base/error.h"
#include "base/ids.h"
#include "base/result.h"

#include <chrono>
#include <cstdint>
#include <variant>
#include <vector>

namespace causeway::hub {

struct opened {
  amqp::peer_open peer;
  std::uint32_t capacity = 0; // see connection::capacity()
  // OPEN sent to OPEN answered; and from there to `$cbs` and, with a policy, its token accepted.
  std::chrono::nanoseconds open{0}, cbs{0};
};
struct attached {
  device_ref device{};
  // Put-token sent to answered, 0 with a policy; BEGIN and ATTACH sent to telemetry ready for use.
  std::chrono::nanoseconds cbs{0}, attach{0};
};
struct detached {
  device_ref device{};
  error why;
  // The policy's token is to blame, and a new one is on its way: the device may be attached again at once,
  // and waits for it.
  bool of_policy = false;
};
struct sent {
  device_ref device{};
  spool_seq seq = 0;
  // Accepted; or an error of class permanent that is the message's own, or of another class: it may be sent
  // again.
  result<void> outcome;
};
struct closed {
  error why; // `stopped` after close()
};
using event = std::variant<opened, attached, detached, sent, closed>;

struct connection_counters {
  std::uint64_t put_tokens = 0;    // sent, renewals among them
  std::uint64_t renewals = 0;      // accepted
  std::uint64_t attaches = 0;      // accepted
  std::uint64_t messages_sent = 0; // handed to send()
  std::uint64_t accepted = 0;
  std::uint64_t refused = 0; // messages with another outcome
  std::uint64_t bytes_in = 0, bytes_out = 0;
  std::uint64_t c2d_given = 0, c2d_settled = 0;
  std::uint64_t c2d_dead = 0; // not settled before their lock was over
  std::uint64_t method_calls = 0, method_answers = 0, calls_unanswered = 0;
  std::uint64_t twin_changes = 0, twin_unanswered = 0;
  std::uint64_t commands_malformed = 0; // messages, calls, and what comes of twins
  std::uint64_t command_links_lost = 0; // refused, or taken away
};

// Where the parts of a connection say what there is to tell.
struct connection_news {
  std::vector<event> events;
  connection_counters counters;
};

} // namespace causeway::hub
