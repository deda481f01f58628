// SPDX-License-Identifier: Apache-2.0
// The messages of a connection's devices that are under way to the hub, one a device, and what became of
// each: every send() is answered by one `sent`. Part of hub::connection. Pure; one thread.
#pragma once

#include "base/clock.h"
#include "base/error.h"
#include "base/ids.h"
#include "hub/connection_events.h"
#include "hub/device_session.h"
#include "model/message.h"

#include <cstddef>
#include <optional>

namespace causeway::hub {

class outgoing_messages {
public:
  // time_out: of an outcome. table and news must live as long as this.
  outgoing_messages(session_table& table, milliseconds time_out, connection_news& news)
      : time_out_{time_out}, due_{table}, news_{news} {}

  // Waits for the link's credit where there is none. Precondition: attached, and nothing of it is under way.
  // Errors: message_too_large.
  result<void> send(device_session& who, spool_seq seq, const model::message& what, mono_time now);
  // What the hub says of a delivery. An error: it means the device, not the message, which is still without
  // its `sent`.
  result<void> on_outcome(device_session& who, amqp::delivery delivery);
  // Tells the outcome of the message that the device is sending, if it is.
  void finish(device_session& who, result<void> outcome);

  // One that has waited too long for its outcome; nullptr when none has.
  device_session* overdue(mono_time now) { return due_.overdue(now); }
  std::optional<mono_time> deadline() const { return due_.deadline(); }
  std::size_t size() const { return size_; }

private:
  milliseconds time_out_;
  deadline_list due_;
  connection_news& news_;
  std::size_t size_ = 0;
};

} // namespace causeway::hub
