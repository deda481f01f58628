// SPDX-License-Identifier: Apache-2.0
// How a device's way ends, or begins anew: switched off, deleted, forgotten, another device; and at start.
#include "core/backlog.h"
#include "core/census.h"
#include "core/delivery.h"
#include "core/device_table.h"
#include "core/draft.h"
#include "core/gates.h"
#include "core/holdings.h"
#include "core/journey.h"
#include "core/naming.h"
#include "core/outbox.h"
#include "core/rule_book.h"

#include <utility>

namespace causeway::core {

// What is with the hub comes again.
transition journey::end(device_ref which, device_event by, errc why, moment now) {
  const auto change = follow(which, by, {now});
  links_.end(which, change.from);
  on_.out.recall(which, why, now);
  return change;
}

void journey::lose_assignment(device_ref which) {
  openings_.lose(on_.table.at(which));
  assignments_.lose(which);
}

void journey::switch_off(device_ref which, moment now) {
  const auto& d = on_.table.at(which);
  const bool was_wanted = d.state() != device_state::known || d.waiting != 0;
  end(which, device_event::switched_off, errc::device_switched_off, now);
  count_grace(which, now);
  // One that was never on is told of when it sends something.
  if (was_wanted && on_.rules.serves(d)) roster_.tell_switched_off(which);
}

void journey::on_deleted(device_ref which, moment now) {
  roster_.mark_deleted(which);
  if (on_.table.at(which).waiting == 0) return leave(which, now);
  records_.save(which);
}

// Deleted, and nothing waits any more.
void journey::leave(device_ref which, moment now) {
  end(which, device_event::left, errc::device_unlisted, now);
  lose_assignment(which);
  grace_.end(which);
  successions_.forget(which);
  records_.save(which);
}

void journey::take_eui(device_ref which, std::uint64_t eui, moment now) {
  if (successions_.take(which, eui, now)) become_other(which, now);
}

void journey::bury_former(device_ref which, spool_seq until, moment now) {
  const auto& d = on_.table.at(which);
  while (d.waiting != 0 && on_.waiting.queue.front(d).seq <= until)
    on_.out.bury_oldest(which, error{errc::device_replaced, d.dev_eui().str()}, now);
}

void journey::become_other(device_ref which, moment now) {
  auto& d = on_.table.at(which);
  const auto heir = successions_.take_out(which);
  const auto change = end(which, device_event::replaced, errc::device_unlisted, now);
  bury_former(which, heir.until, now);
  lose_assignment(which);
  on_.names.set_eui(d, heir.eui);
  grace_.end(which);
  records_.save(which);
  // Who was on its way goes on.
  if (change.to != change.from && !roster_.is_switched_off(d)) follow(which, device_event::wanted, {now});
}

void journey::erase(device_ref which, moment now) {
  auto& d = on_.table.at(which);
  end(which, device_event::forgotten, errc::stopped, now);
  while (d.waiting != 0)
    on_.out.bury_oldest(which, error{errc::device_forgotten}, now);
  const auto key = on_.names.key_of(d);
  lose_assignment(which);
  vanish(which);
  on_.book.forget(which, key);
}

// From the table and from each organ that knows it.
void journey::vanish(device_ref which) {
  on_.held.forget(which);
  grace_.end(which);
  successions_.forget(which);
  roster_.forget(which);
  connecting_.vanish(which);
  on_.counts.remove(on_.table.at(which).application);
  on_.table.remove(which);
}

void journey::let_go(shard_number which, moment now) {
  openings_.end(which);
  for (const auto one : on_.here.devices_of(which, on_.table)) {
    const auto change = follow(one, device_event::forgotten, {now});
    if (change.from == stage::provisioning) links_.end(one, change.from);
    on_.out.let_go(one, now);
    claims_.give_up(one);
    vanish(one);
  }
}

void journey::begin(shard_number which, start_image image, moment now) {
  openings_.begin(which, std::move(image.assignments));
  // The process ended while the former device had its minute.
  for (const auto& record : image.devices) {
    if (record.former_until == 0 || !on_.table.contains(record.ref)) continue;
    bury_former(record.ref, record.former_until, now);
    lose_assignment(record.ref);
    records_.save(record.ref);
    on_.book.commit_if_long();
  }
  for (const auto one : on_.here.devices_of(which, on_.table)) {
    const auto& d = on_.table.at(one);
    if (roster_.is_switched_off(d)) {
      switch_off(one, now);
    } else if (d.deleted && d.waiting == 0) {
      follow(one, device_event::left, {now});
    } else if (roster_.awaits(d)) {
      follow(one, device_event::unnamed, {now});
    }
    on_.book.commit_if_long();
  }
}

bool journey::start_some(std::size_t most, moment now) {
  while (const auto which = openings_.next(most)) {
    // What has come meanwhile may have brought it on its way.
    if (on_.table.contains(*which) && on_.table.at(*which).state() == device_state::known)
      follow(*which, device_event::wanted, {now});
  }
  return openings_.is_any();
}

} // namespace causeway::core
