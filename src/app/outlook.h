// SPDX-License-Identifier: Apache-2.0
// What a start would make of each device, and what the registry's words would: the core's own rules about
// names, assignments, the registry and states, with nothing behind them that registers, attaches or writes.
// Loop's thread only.
#pragma once

#include "core/device_table.h"
#include "core/rules.h"
#include "model/provisioner.h"
#include "model/registry.h"
#include "model/start_image.h"

#include <memory>
#include <vector>

namespace causeway::app {

class outlook final : public model::registry_events {
public:
  explicit outlook(std::vector<core::application_rules> rules);
  ~outlook() override;
  // finder is asked for its fingerprints only, stack for devices that no list names; both must live as long.
  void connect(model::provisioner& finder, model::registry& stack);

  // Once, connected, before anything else.
  void begin(const model::start_image& image, moment now);
  // Only what one listing says counts here.
  void on_suspected(const model::device_key&, moment) override {}
  void on_registered(const model::registered_device& what, moment now) override;
  void on_listed(const application_id& application, moment now) override;
  void on_looked_up(device_ref which, result<model::registered_device> what, moment now) override;

  // Each in the state to which it would go.
  const core::device_table& devices() const;

private:
  class organs;
  std::unique_ptr<organs> it_; // out of sight, as shard's
};

} // namespace causeway::app
