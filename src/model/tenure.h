// SPDX-License-Identifier: Apache-2.0
// Which shards a process owns, and the words by which they come and go.
#pragma once

#include "base/clock.h"
#include "model/shard.h"
#include "model/start_image.h"

#include <cstdint>

namespace causeway::model {

class tenure {
public:
  virtual ~tenure() = default;
  // How many there are, at most 64; never another number.
  virtual std::uint16_t shards() const = 0;
  // Whether this process still owns the shard: asked before each attach and each send, so it has to be quick.
  // Once it is false it stays so until the shard is fenced.
  virtual bool holds(shard_number which) const = 0;
};

// Implemented by the core; never called from inside a call of tenure.
class tenure_events {
public:
  virtual ~tenure_events() = default;
  // The shard is this process's: what the journal has of it, refs being numbers of this image only. Rows that
  // are not in it come by on_rows. Precondition: it is not here.
  virtual void adopt(shard_number which, start_image image, moment now) = 0;
  // It is to be given to another process: nothing of it is begun any more; when what is with the hub has its
  // outcome, or at `until`, its connections are closed, and a change gives the shard up (change::released).
  // Precondition: it is here, and nobody has asked for that yet.
  virtual void release(shard_number which, mono_time until, moment now) = 0;
  // It is another's already, or nobody's: its links are cut, and nothing is known of it any more. No effect
  // where it is not here.
  virtual void fence(shard_number which, moment now) = 0;
};

} // namespace causeway::model
