// SPDX-License-Identifier: Apache-2.0
#include "app/fleet_provisioning.h"

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
#include "core/outbox.h"
#include "core/outlet.h"
#include "core/reception.h"
#include "core/rule_book.h"
#include "core/spool_room.h"
#include "model/hub_link.h"
#include "model/totals.h"

#include <limits>
#include <string>
#include <utility>

namespace causeway::app {
namespace {

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

} // namespace

struct fleet_provisioning::organs {
  struct outlets {
    core::outlet<model::journal> disk;
    core::outlet<model::hub_link> hub;
    core::outlet<model::provisioner> finder;
    core::outlet<model::registry> stack;
  };

  organs(std::vector<core::application_rules> by, const std::function<double()>& random, moment now)
      : rules{std::move(by)},
        time{now},
        counts{rules.size(), table, core::devices_of_a_hub, 100},
        account{{}, rules.size()},
        held{{}, table, rules, random},
        out{{}, rules, table, waiting, held, here, book, to.disk, to.hub, time, totals},
        ways{{rules, names, table, counts, waiting, held, out, here, book, stored, time, totals},
             {to.hub, to.finder, to.stack},
             core::connect_pauses{},
             random},
        desk{rules, names, table, counts, waiting, time, here, ways, totals},
        view{rules, names, table, ways.refused(), ways.to_hub()} {}

  core::rule_book rules;
  no_hub nobody;
  outlets to;
  core::draft book{to.disk};
  core::open_time time;
  core::appends stored{to.disk, book, time};
  model::shard_totals totals;
  core::device_table table;
  core::naming names{rules, table};
  core::census counts;
  core::outbox queue;
  core::body_cache bodies{0};
  core::spool_room account;
  core::backlog waiting{queue, bodies, account};
  core::holdings here{rules, nullptr};
  core::gates held;
  core::delivery out;
  core::journey ways;
  core::reception desk;
  core::device_view view;
};

fleet_provisioning::fleet_provisioning(std::vector<core::application_rules> rules,
                                       const std::function<double()>& random, moment now)
    : it_{std::make_unique<organs>(std::move(rules), random, now)} {}

fleet_provisioning::~fleet_provisioning() = default;

void fleet_provisioning::connect(model::journal& disk, model::provisioner& finder, model::registry& stack) {
  it_->to.disk.bind(disk);
  it_->to.hub.bind(it_->nobody);
  it_->to.finder.bind(finder);
  it_->to.stack.bind(stack);
}

void fleet_provisioning::start(model::start_image image, moment now) {
  it_->stored.last_row = image.next_seq - 1;
  const core::draft::event under_way{it_->book};
  it_->time.restore(image.open_seconds);
  it_->desk.restore(image, now);
  it_->ways.begin({}, std::move(image), now);
  while (it_->ways.start_some(std::numeric_limits<std::size_t>::max(), now)) {
  }
}

void fleet_provisioning::tick(moment now) {
  const core::draft::event under_way{it_->book};
  it_->ways.tick(now);
}

void fleet_provisioning::on_registered(const model::registered_device& what, moment now) {
  const core::draft::event under_way{it_->book};
  it_->desk.on_registered(what, now);
}

void fleet_provisioning::on_listed(const application_id& application, moment now) {
  const core::draft::event under_way{it_->book};
  it_->desk.on_listed(application, now);
}

void fleet_provisioning::on_looked_up(device_ref which, result<model::registered_device> what, moment now) {
  const core::draft::event under_way{it_->book};
  it_->desk.on_looked_up(which, std::move(what), now);
}

void fleet_provisioning::on_assignment(device_ref which, result<model::assignment> where, moment now) {
  const core::draft::event under_way{it_->book};
  it_->ways.on_assignment(which, std::move(where), now);
}

const core::device_table& fleet_provisioning::devices() const {
  return it_->table;
}

const core::device_view& fleet_provisioning::view() const {
  return it_->view;
}

} // namespace causeway::app
