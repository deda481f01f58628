// SPDX-License-Identifier: Apache-2.0
// The core's organs from the registry's word to the assignment on disk, for a whole fleet: devices are met,
// named, asked for and assigned as by a gateway, and none is attached. No door, and no room to make. Loop's
// thread only.
#pragma once

#include "core/rules.h"
#include "model/journal.h"
#include "model/provisioner.h"
#include "model/registry.h"
#include "model/start_image.h"

#include <functional>
#include <memory>
#include <vector>

namespace causeway::core {
class device_table;
class device_view;
} // namespace causeway::core

namespace causeway::app {

class fleet_provisioning final : public model::registry_events,
                                 public model::provisioner_events,
                                 public model::journal_events {
public:
  // random: uniform in [0, 1).
  fleet_provisioning(std::vector<core::application_rules> rules, const std::function<double()>& random,
                     moment now);
  ~fleet_provisioning() override;
  // All must live as long.
  void connect(model::journal& disk, model::provisioner& finder, model::registry& stack);

  // Once, connected, before any event.
  void start(model::start_image image, moment now);
  // Now and then: whose pause is over is asked for again.
  void tick(moment now);
  // Only what one listing says counts here.
  void on_suspected(const model::device_key&, moment) override {}
  void on_registered(const model::registered_device& what, moment now) override;
  void on_listed(const application_id& application, moment now) override;
  void on_looked_up(device_ref which, result<model::registered_device> what, moment now) override;
  void on_assignment(device_ref which, result<model::assignment> where, moment now) override;
  // Nothing is appended, and nothing read.
  void on_appended(const std::vector<model::appended>&, moment) override {}
  void on_rows(std::vector<model::fresh_row>, moment) override {}
  void on_read_back(std::vector<model::spool_row>, const std::vector<spool_seq>&, moment) override {}
  void on_dead_letters_counted(const model::dead_letter_amounts&) override {}

  const core::device_table& devices() const;
  const core::device_view& view() const;

private:
  struct organs;
  std::unique_ptr<organs> it_; // out of sight, as shard's
};

} // namespace causeway::app
