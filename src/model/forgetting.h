// SPDX-License-Identifier: Apache-2.0
// An operator's wish that devices be forgotten, and what has become of it. Plain values.
#pragma once

#include "base/ids.h"

#include <cstdint>
#include <optional>

namespace causeway::model {

// What has become of a wish to forget a device.
enum class forgetting : std::uint8_t {
  forgotten,
  unknown,       // there is no such device
  messages_wait, // for it, and they were not to become dead letters
  busy,          // an event of it is being stored: a moment later
};
// Devices that a listing of the registry lacks (unlisted), or that never reached a hub.
enum class forgettable : std::uint8_t { unlisted, never_attached };
struct forget_page {
  std::uint64_t forgotten = 0, letters = 0; // devices; messages of theirs that are dead letters now
  std::uint64_t left = 0;                   // devices, because messages wait for them
  std::optional<device_ref> next;           // where it goes on; nothing: that was all
};

} // namespace causeway::model
