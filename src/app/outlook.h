// SPDX-License-Identifier: Apache-2.0
// What a start would make of each device, and what the registry's words would: the core's own rules about
// names, assignments, the registry and states, with nothing behind them that registers, attaches or writes.
// Loop's thread only.
#pragma once

#include "core/assignments.h"
#include "core/census.h"
#include "core/claims.h"
#include "core/connecting.h"
#include "core/draft.h"
#include "core/naming.h"
#include "core/opening.h"
#include "core/outbox.h"
#include "core/outlet.h"
#include "core/roster.h"
#include "model/provisioner.h"
#include "model/registry.h"
#include "model/start_image.h"
#include "model/totals.h"

#include <vector>

namespace causeway::app {

class outlook final : public model::registry_events {
public:
  explicit outlook(std::vector<core::application_rules> rules);
  // finder is asked for its fingerprints only, stack for devices that no list names; both must live as long.
  void connect(model::provisioner& finder, model::registry& stack);

  // Once, connected, before anything else.
  void begin(const model::start_image& image, moment now);
  void on_registered(const model::registered_device& what, moment now) override;
  void on_listed(const application_id& application, moment now) override;
  void on_looked_up(device_ref which, result<model::registered_device> what, moment now) override;

  // Each in the state to which it would go.
  const core::device_table& devices() const { return table_; }

private:
  void restore(const model::start_image& image, moment now);
  void place_all(const model::start_image& image, moment now);
  void move(device_ref which, core::device_event what, core::circumstances with);
  void take_word(device_ref which, const model::registered_device& what, moment now);
  void take_eui(device_ref which, std::uint64_t eui, moment now);

  core::rule_book rules_;
  core::outlet<model::provisioner> finder_;
  core::outlet<model::registry> stack_;
  core::outlet<model::journal> disk_; // nothing is plugged in: nothing may be written
  core::draft book_{disk_};
  model::shard_totals totals_;
  core::device_table table_;
  core::outbox waiting_;
  core::naming names_{rules_, table_};
  core::holdings here_{rules_, nullptr};
  core::claims claims_{rules_, names_, table_};
  core::census census_;
  core::assignments assignments_{rules_, names_, claims_, table_, finder_, book_};
  core::opening opening_{rules_, table_, claims_, assignments_, here_, {}};
  core::roster roster_{rules_, names_, table_, stack_, totals_};
  core::connecting states_;
};

} // namespace causeway::app
