// SPDX-License-Identifier: Apache-2.0
// A hub that refuses a token because the connection has too many: does it mean the connection, which is then
// full, or the device? The device is placed on another connection, made no sooner than a shared back-off
// allows. Pure; one thread.
#pragma once

#include "base/clock.h"
#include "base/ids.h"
#include "hub/placement.h"

#include <cstdint>
#include <functional>
#include <unordered_set>

namespace causeway::hub {

class token_moves {
public:
  enum class meaning : std::uint8_t {
    the_device,     // the first one on its connection, or refused there already and not attached since
    the_connection, // which takes nobody any more: the device is to be placed anew
    fewer_tokens,   // the same, and from now on connections are given fewer
  };
  // random: uniform in [0, 1).
  explicit token_moves(std::function<double()> random) : random_{std::move(random)} {}

  // taken: devices that the connection holds.
  meaning on_refused(placement& places, std::uint32_t connection, std::size_t taken, device_ref device,
                     mono_time now);
  void on_attached(device_ref device) { moved_.erase(device); }
  // What was in the way may have gone.
  void try_now(mono_time now);
  // No connection is made before.
  mono_time next() const { return next_; }

private:
  std::function<double()> random_;
  mono_time next_{}, replaced_at_{};
  std::uint32_t replacements_ = 0; // in a row
  std::unordered_set<device_ref> moved_;
};

} // namespace causeway::hub
