// SPDX-License-Identifier: Apache-2.0
// What waits in the spool, as RAM knows it: the messages in their order, the bodies of some, and how much
// room they take. Owned by the shard; intake adds, delivery takes away, room gives up. One thread.
#pragma once

#include "base/log_limiter.h"
#include "core/outbox.h"
#include "core/spool_room.h"

namespace causeway::core {

struct backlog {
  outbox queue;
  body_cache bodies;
  spool_room account;
  log_limiter letters_told{}; // lines of dead letters, whoever makes them
};

} // namespace causeway::core
