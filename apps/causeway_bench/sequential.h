// SPDX-License-Identifier: Apache-2.0
// What the earlier gateway did, as plainly as it was: one device after another, from its registration to its
// links; each with an HTTPS connection of its own to DPS and a connection of its own to the hub. For
// comparison only.
#pragma once

#include <string>

namespace causeway::bench {

struct sequential_options {
  std::string configuration; // causeway.toml
  // Where to write a line of JSON for each phase of each device (docs/why-dps-is-slow.md); empty: nowhere.
  std::string spans;
};

// Connects every device that the registry names, then keeps them online until SIGTERM. 0: all came online; 1:
// not.
int run_sequential_client(const sequential_options& options);

} // namespace causeway::bench
