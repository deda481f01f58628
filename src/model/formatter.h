// SPDX-License-Identifier: Apache-2.0
// Between the core and what makes messages of events.
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "model/door.h"
#include "model/event.h"
#include "model/message.h"

#include <vector>

namespace causeway::model {

class formatter {
public:
  virtual ~formatter() = default;
  // Answered by on_formatted(which, …): for built-in formats from inside this call, for a transform later; a
  // device's events in the order of the calls. what stays where it is until the answer.
  virtual void format(ticket which, const event& what, moment now) = 0;
};

// Implemented by the core.
class formatter_events {
public:
  virtual ~formatter_events() = default;
  // A transient error: not now, the sender may try again. Any other: the event goes to the dead letters.
  virtual void on_formatted(ticket which, result<std::vector<message>> messages, moment now) = 0;
};

} // namespace causeway::model
