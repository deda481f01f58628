// SPDX-License-Identifier: Apache-2.0
// What RAM knows of a message in the spool: 24 bytes, because there may be millions. Pure.
#pragma once

#include "core/words.h"
#include "model/journal.h"

#include <cstdint>

namespace causeway::core {

struct waiting_message {
  spool_seq seq = 0;
  std::uint32_t bytes = 0;
  std::uint32_t accepted_ms = 0; // milliseconds since the shard started, for the latency; wraps after 49 days
  std::int32_t accepted_s = 0;   // seconds since the shard started, for the age; negative: before it
  std::uint32_t next = 0;        // the outbox's own: the next of the device; 0 is the end
};
static_assert(sizeof(waiting_message) == 24);

} // namespace causeway::core
