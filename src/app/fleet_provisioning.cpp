// SPDX-License-Identifier: Apache-2.0
#include "app/fleet_provisioning.h"

#include <limits>
#include <utility>

namespace causeway::app {

fleet_provisioning::fleet_provisioning(std::vector<core::application_rules> rules,
                                       const std::function<double()>& random, moment now)
    : rules_{std::move(rules)},
      time_{now},
      census_{rules_.size(), table_, core::devices_of_a_hub, 100},
      waiting_{{}, core::body_cache{0}, core::spool_room{{}, rules_.size()}},
      gates_{{}, table_, rules_, random},
      delivery_{{}, rules_, table_, waiting_, gates_, here_, book_, to_.disk, to_.hub, time_, totals_},
      journey_{{rules_, names_, table_, census_, waiting_, gates_, delivery_, here_, book_, stored_, time_,
                totals_},
               {to_.hub, to_.finder, to_.stack},
               core::connecting::pauses{},
               random},
      reception_{rules_, names_, table_, census_, waiting_, time_, here_, journey_, totals_},
      view_{rules_, names_, table_, journey_.refused(), journey_.to_hub()} {}

void fleet_provisioning::connect(model::journal& disk, model::provisioner& finder, model::registry& stack) {
  to_.disk.bind(disk);
  to_.hub.bind(nobody_);
  to_.finder.bind(finder);
  to_.stack.bind(stack);
}

void fleet_provisioning::start(model::start_image image, moment now) {
  stored_.last_row = image.next_seq - 1;
  const core::draft::event under_way{book_};
  time_.restore(image.open_seconds);
  reception_.restore(image, now);
  journey_.begin({}, std::move(image), now);
  while (journey_.start_some(std::numeric_limits<std::size_t>::max(), now)) {
  }
}

void fleet_provisioning::tick(moment now) {
  const core::draft::event under_way{book_};
  journey_.tick(now);
}

void fleet_provisioning::on_registered(const model::registered_device& what, moment now) {
  const core::draft::event under_way{book_};
  reception_.on_registered(what, now);
}

void fleet_provisioning::on_listed(const application_id& application, moment now) {
  const core::draft::event under_way{book_};
  reception_.on_listed(application, now);
}

void fleet_provisioning::on_looked_up(device_ref which, result<model::registered_device> what, moment now) {
  const core::draft::event under_way{book_};
  reception_.on_looked_up(which, std::move(what), now);
}

void fleet_provisioning::on_assignment(device_ref which, result<model::assignment> where, moment now) {
  const core::draft::event under_way{book_};
  journey_.on_assignment(which, std::move(where), now);
}

} // namespace causeway::app
