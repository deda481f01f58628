// SPDX-License-Identifier: Apache-2.0
// The device twins of an emulated hub (azure-iot-wire.md B.8). Every identity has one, from the first time
// that somebody asks for it; it goes with the identity. Pure. One thread.
#pragma once

#include "base/ids.h"
#include "emulator/state/twin.h"

#include <cstdint>
#include <unordered_map>

namespace causeway::emulator {

struct twin_totals {
  std::uint64_t reads = 0;          // by devices
  std::uint64_t reports = 0;        // likewise, that have changed the twin
  std::uint64_t refused = 0;        // what devices asked for, and did not get
  std::uint64_t changes = 0;        // by services
  std::uint64_t desired_pushed = 0; // to devices that listen

  twin_totals& operator+=(const twin_totals& more) {
    reads += more.reads;
    reports += more.reports;
    refused += more.refused;
    changes += more.changes;
    desired_pushed += more.desired_pushed;
    return *this;
  }
};

class twin_store {
public:
  // Made when it is not there yet. Good until forget().
  twin& of(const identity& device, wall_time now) { return twins_.try_emplace(device, now).first->second; }
  void forget(const identity& device) { twins_.erase(device); }
  twin_totals& totals() { return totals_; }

private:
  std::unordered_map<identity, twin> twins_;
  twin_totals totals_;
};

} // namespace causeway::emulator
