// SPDX-License-Identifier: Apache-2.0
// Between the core and The Things Stack's registry.
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "model/event.h"

#include <optional>
#include <string>

namespace causeway::model {

// What The Things Stack's registry says of a device (things-stack-wire.md E.3).
struct registered_device {
  device_key key;
  causeway::dev_eui dev_eui; // empty: not said
  std::optional<bool>
      integration;        // attribute `azureintegration`, any letter case; absent: not there or unreadable
  std::string model_id;   // attribute `dtdlmodelid`; empty: none
  bool is_change = false; // told because it has changed: no word about whether a listing has it
  friend bool operator==(const registered_device&, const registered_device&) = default;
};

// One device at a time. What the registry lists on its own account, or says has changed, comes as
// on_registered and on_listed.
class registry {
public:
  virtual ~registry() = default;
  // For a device that has sent an event and is in no listing. Answered by on_looked_up, never from inside the
  // call.
  virtual void look_up(device_ref device, const device_key& key) = 0;
};

// Implemented by the core.
class registry_events {
public:
  virtual ~registry_events() = default;
  // One device of a listing, or one that has changed.
  virtual void on_registered(const registered_device& what, moment now) = 0;
  // A listing is whole: whom it has not named since the one before, it lacks. Until the first one is, a
  // device that no listing ever named waits with its messages.
  virtual void on_listed(const application_id& application, moment now) = 0;
  // Something but the registry itself says that it has the device no longer: the registry is to be asked.
  virtual void on_suspected(const device_key& which, moment now) = 0;
  virtual void on_looked_up(device_ref which, result<registered_device> what, moment now) = 0;
};

} // namespace causeway::model
