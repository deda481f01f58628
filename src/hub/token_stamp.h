// SPDX-License-Identifier: Apache-2.0
// When a token was made, and what its refusal says of the two clocks, this machine's and the hub's. Pure;
// any thread.
#pragma once

#include "base/clock.h"
#include "base/error.h"
#include "hub/cbs.h"
#include "hub/token_source.h"

namespace causeway::hub {

struct token_stamp {
  wall_time made{}; // by the source's time
  mono_time sent{}; // at the same moment

  // Whether a token made now would be made by another time.
  bool is_outdated(const token_source& tokens, moment now) const;
};

// What a first token's refusal means: that it has expired already is the clocks' fault (clock_skew), unless
// both of them say that it was made too long ago. Precondition: refused.outcome is an error.
error first_refusal(const cbs::reply& refused, seconds token_life, moment now);

} // namespace causeway::hub
