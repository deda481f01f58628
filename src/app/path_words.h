// SPDX-License-Identifier: Apache-2.0
// What an earlier version has left in the state: devices that it made out of a word in a webhook's path. Pure
// but for the log.
#pragma once

#include "core/shard.h"

#include <vector>

namespace causeway::app {

struct path_word_device {
  model::device_key key;
  std::uint64_t waiting = 0; // messages
  friend bool operator==(const path_word_device&, const path_word_device&) = default;
};

// Devices with the name of a word that the stack's paths have (stack::is_path_word), of which neither an
// event (no DevEUI) nor the registry has ever said that there is such a device. Each may be one all the same:
// it is connected as any other, and only told of.
std::vector<path_word_device> find_path_word_devices(const model::start_image& image);

// A line for each, 20 at most.
void tell_of_path_word_devices(const model::start_image& image);

} // namespace causeway::app
