// SPDX-License-Identifier: Apache-2.0
// What waits in the spool, as RAM knows it: the messages in their order, the bodies of some, and how much
// room they take. Intake adds, delivery takes away, room gives up. One thread.
#pragma once

#include "base/log_limiter.h"

namespace causeway::core {

class body_cache;
class outbox;
class spool_room;

struct backlog {
  // All must live as long.
  outbox& queue;
  body_cache& bodies;
  spool_room& account;
  log_limiter letters_told{}; // lines of dead letters, whoever makes them
};

} // namespace causeway::core
