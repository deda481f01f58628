// SPDX-License-Identifier: Apache-2.0
// The core's organs from the registry's word to the assignment on disk, for a whole fleet: devices are met,
// named, asked for and assigned as by a gateway, and none is attached. No door, and no room to make. Loop's
// thread only.
#pragma once

#include "core/appends.h"
#include "core/backlog.h"
#include "core/census.h"
#include "core/delivery.h"
#include "core/device_table.h"
#include "core/device_view.h"
#include "core/draft.h"
#include "core/gates.h"
#include "core/holdings.h"
#include "core/journey.h"
#include "core/naming.h"
#include "core/open_time.h"
#include "core/outlet.h"
#include "core/reception.h"
#include "core/rule_book.h"
#include "model/hub_link.h"
#include "model/journal.h"
#include "model/provisioner.h"
#include "model/registry.h"
#include "model/start_image.h"

#include <functional>
#include <vector>

namespace causeway::app {

class fleet_provisioning final : public model::registry_events,
                                 public model::provisioner_events,
                                 public model::journal_events {
public:
  // random: uniform in [0, 1).
  fleet_provisioning(std::vector<core::application_rules> rules, const std::function<double()>& random,
                     moment now);
  // All must live as long.
  void connect(model::journal& disk, model::provisioner& finder, model::registry& stack);

  // Once, connected, before any event.
  void start(model::start_image image, moment now);
  // Now and then: whose pause is over is asked for again.
  void tick(moment now);
  void on_registered(const model::registered_device& what, moment now) override;
  void on_listed(const application_id& application, moment now) override;
  void on_looked_up(device_ref which, result<model::registered_device> what, moment now) override;
  void on_assignment(device_ref which, result<model::assignment> where, moment now) override;
  // Nothing is appended, and nothing read.
  void on_appended(const std::vector<model::appended>&, moment) override {}
  void on_rows(std::vector<model::fresh_row>, moment) override {}
  void on_read_back(std::vector<model::spool_row>, const std::vector<spool_seq>&, moment) override {}
  void on_dead_letters_counted(const model::dead_letter_amounts&) override {}

  const core::device_table& devices() const { return table_; }
  const core::device_view& view() const { return view_; }

private:
  // Who has an assignment has all that is wanted of it here.
  struct no_hub final : model::hub_link {
    void attach(device_ref, const model::assignment&, const model::connect_wish&) override {}
    void detach(device_ref) override {}
    void hurry(device_ref) override {}
    void send(device_ref, spool_seq, const model::message&) override {}
    void settle(device_ref, model::delivery_number, model::c2d_settlement) override {}
    void answer_call(device_ref, model::delivery_number, const model::method_answer&) override {}
    void take_c2d(bool) override {}
    void read_twin(device_ref, bool) override {}
    void report_twin(device_ref, std::string, bool) override {}
    void close(model::shard_number, mono_time) override {}
  };
  struct outlets {
    core::outlet<model::journal> disk;
    core::outlet<model::hub_link> hub;
    core::outlet<model::provisioner> finder;
    core::outlet<model::registry> stack;
  };

  core::rule_book rules_;
  core::open_time time_;
  no_hub nobody_;
  outlets to_;
  core::draft book_{to_.disk};
  core::appends stored_;
  model::shard_totals totals_;
  core::device_table table_;
  core::naming names_{rules_, table_};
  core::census census_;
  core::backlog waiting_;
  core::holdings here_{rules_, nullptr};
  core::gates gates_;
  core::delivery delivery_;
  core::journey journey_;
  core::reception reception_;
  core::device_view view_;
};

} // namespace causeway::app
