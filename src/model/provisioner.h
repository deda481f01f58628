// SPDX-License-Identifier: Apache-2.0
// Between the core and what finds a device's hub: from the connection string at once, or through DPS.
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "model/assignment.h"
#include "model/connect_wish.h"

#include <string>

namespace causeway::model {

class provisioner {
public:
  virtual ~provisioner() = default;
  // Answered by on_assignment, unless it is called off.
  virtual void find_hub(device_ref device, const azure_name& section, const identity& wanted,
                        const connect_wish& wish) = 0;
  // The device is no longer wanted; there may be an answer all the same.
  virtual void call_off(device_ref device) = 0;
  // As hub_link::hurry.
  virtual void hurry(device_ref device) = 0;
  // Of a device whose hub is being found.
  virtual link_progress progress(device_ref /*device*/) const { return {}; }
  // The fingerprint an assignment made now would have; for telling a stale one.
  virtual std::string fingerprint(const azure_name& section) const = 0;
};

// Implemented by the core; never called from inside a call of provisioner.
class provisioner_events {
public:
  virtual ~provisioner_events() = default;
  virtual void on_assignment(device_ref which, result<assignment> where, moment now) = 0;
};

} // namespace causeway::model
