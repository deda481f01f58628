// SPDX-License-Identifier: Apache-2.0
// How the limit of open files is shared out, so that idle strangers never take what the hubs, the store, DPS
// and the health check need.
#pragma once

#include <cstddef>
#include <cstdint>

namespace causeway::app {

// The soft limit to the hard one.
void raise_open_files_limit();
// The soft limit.
std::uint64_t open_files_limit();

struct open_files_share {
  std::size_t webhook = 0; // connections at a time
  std::size_t admin = 0;   // of each of the two listeners
};
// wanted: connections of the webhook. others: what everything else may have open. With a very low limit the
// webhook gets a quarter all the same.
open_files_share share_open_files(std::uint64_t limit, std::size_t wanted, std::size_t others);

} // namespace causeway::app
