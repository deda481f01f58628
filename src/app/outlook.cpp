// SPDX-License-Identifier: Apache-2.0
#include "app/outlook.h"

#include "core/assignments.h"
#include "core/census.h"
#include "core/claims.h"
#include "core/connecting.h"
#include "core/draft.h"
#include "core/holdings.h"
#include "core/naming.h"
#include "core/opening.h"
#include "core/outbox.h"
#include "core/outlet.h"
#include "core/roster.h"
#include "model/totals.h"

#include <limits>
#include <utility>

namespace causeway::app {

using core::device_event;
using core::next_step;

class outlook::organs {
public:
  explicit organs(std::vector<core::application_rules> rules);
  void connect(model::provisioner& finder, model::registry& stack);
  void begin(const model::start_image& image, moment now);
  void on_registered(const model::registered_device& what, moment now);
  void on_listed(const application_id& application, moment now);
  void on_looked_up(device_ref which, result<model::registered_device> what, moment now);
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

outlook::organs::organs(std::vector<core::application_rules> rules)
    : rules_{std::move(rules)},
      census_{rules_.size(), table_, core::devices_of_a_hub, 100},
      states_{table_, rules_, totals_, {}, [] { return 0.5; }} {}

void outlook::organs::connect(model::provisioner& finder, model::registry& stack) {
  finder_.bind(finder);
  stack_.bind(stack);
}

// What follows of itself; what would have to be done is left.
void outlook::organs::move(device_ref which, device_event what, core::circumstances with) {
  const auto& d = table_.at(which);
  with.may_be_asked = roster_.may_be_asked(d);
  with.awaited = roster_.awaits(d);
  const auto then = states_.on(which, what, with).then;
  if (then == next_step::bring) return move(which, device_event::wanted, {with.now});
  if (then == next_step::look_up) return roster_.look_up(which);
  if (then != next_step::claim) return;
  const auto wanted = names_.wanted_of(d);
  const error taken{errc::identity_taken};
  if (wanted && !claims_.claim(which, *wanted)) return move(which, device_event::claimed, {with.now});
  move(which, device_event::unclaimed, {with.now, wanted ? &taken : &wanted.fault()});
}

void outlook::organs::restore(const model::start_image& image, moment now) {
  table_.reserve(0, image.devices.size()); // nobody comes to it but these
  for (const auto& record : image.devices) {
    const auto application = rules_.find(record.key.application);
    if (!application) continue;
    table_.restore(record.ref, *application, record.key.device.str());
    states_.appear(record.ref, model::device_state::known, now, record.attached);
    census_.add(*application);
    if (const auto eui = core::parse_eui(record.dev_eui)) names_.set_eui(table_.at(record.ref), *eui);
    roster_.restore(record.ref, record);
  }
  for (const auto& row : image.waiting)
    if (table_.contains(row.device)) waiting_.push(row.device, table_.at(row.device), {row.seq, row.bytes});
}

void outlook::organs::place_all(const model::start_image& image, moment now) {
  opening_.begin(image.assignments);
  for (const auto& record : image.devices) {
    if (record.former_until == 0 || !table_.contains(record.ref)) continue;
    // What waits is that of the device that it was, which has gone.
    auto& d = table_.at(record.ref);
    while (d.waiting != 0 && waiting_.front(d).seq <= record.former_until)
      waiting_.pop(record.ref, d);
    opening_.lose(record.key);
  }
  table_.for_each([&](device_ref which, const core::device& d) {
    if (roster_.is_switched_off(d)) {
      move(which, device_event::switched_off, {now});
    } else if (d.deleted && d.waiting == 0) {
      move(which, device_event::left, {now});
    } else if (roster_.awaits(d)) {
      move(which, device_event::unnamed, {now});
    }
  });
  auto all = std::numeric_limits<std::size_t>::max();
  opening_.place_some(all);
}

void outlook::organs::begin(const model::start_image& image, moment now) {
  restore(image, now);
  place_all(image, now);
  while (!opening_.is_over())
    if (const auto which = opening_.next(); table_.at(which).state() == model::device_state::known)
      move(which, device_event::wanted, {now});
}

void outlook::organs::on_registered(const model::registered_device& what, moment now) {
  const auto application = rules_.find(what.key.application);
  if (!application || !rules_.at(*application).follows_registry || !is_valid_tts_id(what.key.device.str()))
    return;
  auto which = table_.find(*application, what.key.device.str());
  if (!which && census_.lacks_place(*application)) return;
  if (!which) {
    which = table_.add(*application, what.key.device.str());
    states_.appear(*which, model::device_state::known, now);
    census_.add(*application);
  }
  if (roster_.hear(*which, what)) take_word(*which, what, now);
}

void outlook::organs::take_word(device_ref which, const model::registered_device& what, moment now) {
  const auto& d = table_.at(which);
  core::circumstances with{now};
  with.was_awaited = roster_.awaits(d);
  roster_.take(which, what);
  if (const auto eui = core::parse_eui(what.dev_eui)) take_eui(which, *eui, now);
  if (!roster_.is_switched_off(d)) return move(which, device_event::named, with);
  if (d.state() != model::device_state::off) move(which, device_event::switched_off, with);
}

// Another device under an identity by EUI has no assignment; while messages of the former wait, it is the
// former.
void outlook::organs::take_eui(device_ref which, std::uint64_t eui, moment now) {
  auto& d = table_.at(which);
  const bool is_other = d.has_eui && d.eui != eui && names_.is_by_eui(d);
  if (is_other && d.waiting != 0) return;
  if (is_other) {
    claims_.give_up(which);
    d.assigned = false;
    move(which, device_event::replaced, {now});
  }
  names_.set_eui(d, eui);
}

void outlook::organs::on_listed(const application_id& application, moment now) {
  const auto index = rules_.find(application);
  if (!index) return;
  for (const auto which : roster_.on_listed(*index))
    move(which, device_event::list_came, {now});
}

void outlook::organs::on_looked_up(device_ref which, result<model::registered_device> what, moment now) {
  roster_.on_answered(which);
  if (!table_.contains(which)) return;
  if (!what) return move(which, device_event::not_named, {now, &what.fault()});
  what->key = names_.key_of(table_.at(which));
  on_registered(*what, now);
}

outlook::outlook(std::vector<core::application_rules> rules)
    : it_{std::make_unique<organs>(std::move(rules))} {}

outlook::~outlook() = default;

void outlook::connect(model::provisioner& finder, model::registry& stack) {
  it_->connect(finder, stack);
}

void outlook::begin(const model::start_image& image, moment now) {
  it_->begin(image, now);
}

void outlook::on_registered(const model::registered_device& what, moment now) {
  it_->on_registered(what, now);
}

void outlook::on_listed(const application_id& application, moment now) {
  it_->on_listed(application, now);
}

void outlook::on_looked_up(device_ref which, result<model::registered_device> what, moment now) {
  it_->on_looked_up(which, std::move(what), now);
}

const core::device_table& outlook::devices() const {
  return it_->devices();
}

} // namespace causeway::app
