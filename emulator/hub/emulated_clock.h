// SPDX-License-Identifier: Apache-2.0
// The clock of an emulated service: right, or off by what a clock_skew fault says. Tokens are judged and
// timestamps and Date headers written by it; waits never are. Pure. One thread.
#pragma once

#include "base/clock.h"
#include "emulator/hub/faults.h"

#include <string>

namespace causeway::emulator {

class emulated_clock {
public:
  // service: "hub", "dps" or "registry", which a clock_skew fault's pattern names. faults must live longer.
  emulated_clock(const fault_table& faults, std::string service)
      : faults_{&faults}, service_{std::move(service)} {}

  // The same instant as the service's own clock reads it.
  moment at(moment real) const {
    if (faults_->empty()) return real;
    const auto* fault = faults_->find(fault_kind::clock_skew, service_);
    return fault == nullptr ? real : moment{real.mono, real.wall + fault->skew};
  }

private:
  const fault_table* faults_;
  std::string service_;
};

// IMF-fixdate (RFC 9110 section 5.6.7) for a Date header.
std::string format_http_date(wall_time time);

} // namespace causeway::emulator
