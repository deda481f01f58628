// SPDX-License-Identifier: Apache-2.0
// The stages of a check that the loader cannot do: what secrets hold, what belongs together, files, tiers.
// Nothing is asked of anybody. At start-up, on the main thread.
#pragma once

#include "base/clock.h"
#include "config/configuration.h"

namespace causeway::app {

struct check_options {
  std::optional<wall_time> now; // for the ends of certificates, which are not looked at without
  // A certificate outside its time is a fault, not a warning. A start goes on with it: what comes by other
  // ways, and what waits, is worth more.
  bool refuses_expired = false;
};

// Connection strings, keys, tiers, commands' priorities, certificates and authorities, identities that would
// collide, a path too long for a socket: every fault and every oddity, each with its place and naming its key
// ("azure.field.group_key"). from may be the draft of a configuration with faults of its own.
config::findings check_configuration(const config::configuration& from, const check_options& options = {});

} // namespace causeway::app
