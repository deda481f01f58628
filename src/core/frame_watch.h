// SPDX-License-Identifier: Apache-2.0
// Frames that are late or missing, by their counters, and those that a field mask has cut. Changes nothing
// but counts. Owned by the shard; one thread.
#pragma once

#include "core/by_application.h"
#include "core/device.h"
#include "model/event.h"
#include "model/totals.h"

#include <cstdint>

namespace causeway::core {

class frame_watch {
public:
  // totals must live as long.
  explicit frame_watch(shard_totals& totals) : totals_{totals} {}

  void note(device& d, const model::event& event, moment now);
  // Of one that is not taken for lack of room, and may come again: that the device has spoken.
  void hear(device& d, const model::event& event, moment now);
  // An uplink with a payload and without a port: told once for each application.
  void note_portless(const model::event& event, std::uint32_t application);

private:
  shard_totals& totals_;
  by_application<bool> told_portless_;
};

} // namespace causeway::core
