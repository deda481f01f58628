// SPDX-License-Identifier: Apache-2.0
#include "core/journey.h"

#include "base/earliest.h"
#include "core/backlog.h"
#include "core/census.h"
#include "core/delivery.h"
#include "core/device_table.h"
#include "core/draft.h"
#include "core/gates.h"
#include "core/naming.h"
#include "core/open_time.h"
#include "core/rule_book.h"

#include <utility>

namespace causeway::core {

journey::journey(const grounds& on, const outlets& to, const connect_pauses& by,
                 std::function<double()> random)
    : on_{on},
      claims_{on.rules, on.names, on.table},
      assignments_{on.rules, on.names, claims_, on.table, to.finder, on.book},
      openings_{{on.rules, on.names, on.table, claims_, assignments_, on.here}},
      connecting_{on.table, on.rules, on.totals, by, std::move(random)},
      links_{to.hub, to.finder, on.names, on.rules, on.table, on.here, on.totals},
      grace_{on.rules, on.table, on.waiting, connecting_, on.out, on.time, on.totals},
      successions_{on.names, on.rules, on.table, on.waiting.queue, grace_, on.stored},
      records_{on.names, on.table, grace_, successions_, on.book},
      roster_{on.rules, on.names, on.table, to.stack, on.totals} {}

transition journey::move(device_ref which, device_event what, circumstances& with) {
  const auto& d = on_.table.at(which);
  with.being_placed = openings_.keeps(d);
  if (with.being_placed && what == device_event::wanted) openings_.note_wanted(which);
  with.may_be_asked = roster_.may_be_asked(d);
  with.awaited = roster_.awaits(d);
  return connecting_.on(which, what, with);
}

transition journey::follow(device_ref which, device_event what, circumstances with) {
  const auto change = move(which, what, with);
  carry_out(which, change, with);
  return change;
}

void journey::carry_out(device_ref which, const transition& change, const circumstances& with) {
  switch (change.then) {
  case next_step::nothing:
  case next_step::end_link: // with a reason, by whoever has brought it about
    return;
  case next_step::bring:
    follow(which, device_event::wanted, {with.now});
    return;
  case next_step::retry:
    follow(which, device_event::due, {with.now});
    return;
  case next_step::claim:
    return claim(which, with.now);
  case next_step::find_hub:
    assignments_.origin_of(on_.table.at(which).application); // what is asked for is known by it
    return links_.find_hub(which, *on_.names.wanted_of(on_.table.at(which)));
  case next_step::attach:
    return links_.attach(which);
  case next_step::reattach:
    links_.end(which, change.from);
    if (on_.out.recall(which, errc::stopped, with.now)) ++on_.totals.resent;
    return links_.attach(which);
  case next_step::look_up:
    return roster_.look_up(which);
  case next_step::deliver:
    return go_on(which, with.now);
  case next_step::hurry_dps:
    return links_.hurry_dps(which);
  case next_step::hurry_hub:
    return links_.hurry_hub(which);
  case next_step::count_grace:
    return count_grace(which, with.now);
  }
}

void journey::claim(device_ref which, moment now) {
  const auto wanted = on_.names.wanted_of(on_.table.at(which));
  const auto holder = wanted ? claims_.claim(which, *wanted) : std::nullopt;
  if (wanted && !holder) {
    follow(which, device_event::claimed, {now});
    return;
  }
  error why = wanted ? error{errc::identity_taken} : wanted.fault();
  if (holder) {
    // That another one claims it is a reason to ask whether its holder is still there.
    roster_.suspect(*holder);
    const auto theirs = on_.names.key_of(on_.table.at(*holder));
    why = error{errc::identity_taken, wanted->str() + " is that of " + theirs.device.str() +
                                          " of application " + theirs.application.str()};
  }
  follow(which, device_event::unclaimed, {now, &why});
}

// Whatever its messages make possible now.
void journey::go_on(device_ref which, moment now) {
  if (!on_.table.contains(which)) return;
  const auto& d = on_.table.at(which);
  if (d.deleted && d.waiting == 0 && d.state() != device_state::removed) return leave(which, now);
  if (!d.in_flight && successions_.is_over(which)) return become_other(which, now);
  on_.out.pump(which, now);
}

void journey::count_grace(device_ref which, moment now) {
  if (grace_.note(which, now)) records_.save(which);
}

void journey::appear(device_ref which, device_state in, moment now, bool was_attached) {
  connecting_.appear(which, in, now, was_attached);
  on_.counts.add(on_.table.at(which).application);
}

device_ref journey::add(const device_key& key, std::uint32_t application, device_state in, moment now) {
  const auto which = on_.table.add(application, key.device.str());
  appear(which, in, now);
  return which;
}

void journey::on_row(device_ref which, spool_seq seq, append_id by, bool first_waits, moment now) {
  successions_.note(which, seq, by);
  const auto& d = on_.table.at(which);
  if (d.deleted && d.state() != device_state::removed)
    roster_.suspect(which); // it speaks: is it there again?
  if (d.state() == device_state::removed) {
    roster_.doubt_deletion(which);
    records_.save(which);
  }
  circumstances with{now};
  with.first_waits = first_waits;
  follow(which, device_event::spoke, with);
}

void journey::on_assignment(device_ref which, result<assignment> where, moment now) {
  if (!on_.table.contains(which) || on_.table.at(which).state() != device_state::provisioning) return;
  if (!where) {
    follow(which, device_event::hub_not_found, {now, &where.fault()});
    return;
  }
  circumstances with{now};
  with.other_hub = assignments_.take(which, *std::move(where));
  follow(which, device_event::hub_found, with);
}

void journey::on_attached(device_ref which, moment now) {
  if (!on_.table.contains(which)) return;
  const auto& d = on_.table.at(which);
  if (d.state() != device_state::attaching) return; // detached meanwhile
  on_.out.came_online(which);
  const bool is_news = grace_.end(which) || !d.was_attached();
  circumstances with{now};
  const auto change = move(which, device_event::attached, with);
  if (is_news) records_.save(which);
  carry_out(which, change, with);
}

void journey::on_detached(device_ref which, const error& why, bool link_retries, moment now) {
  if (!on_.table.contains(which)) return;
  const auto state = on_.table.at(which).state();
  if (state != device_state::attaching && state != device_state::online) return;
  ++on_.totals.detaches;
  if (on_.out.recall(which, why.code(), now)) ++on_.totals.resent;
  follow(which, link_retries ? device_event::interrupted : device_event::refused, {now, &why});
}

void journey::on_outcome(device_ref which, spool_seq seq, const result<void>& outcome, moment now) {
  if (!on_.table.contains(which)) return;
  switch (on_.out.on_outcome(which, seq, outcome, now)) {
  case delivery::fate::foreign:
    return;
  case delivery::fate::accepted:
    follow(which, device_event::accepted, {now});
    return go_on(which, now);
  case delivery::fate::buried:
    follow(which, device_event::message_buried, {now});
    return go_on(which, now);
  case delivery::fate::kept:
    follow(which, device_event::message_refused, {now, &outcome.fault()});
    return;
  }
}

void journey::on_read_back(std::vector<spool_row> rows, const std::vector<spool_seq>& gone, moment now) {
  for (const auto which : on_.out.on_read_back(std::move(rows), gone, now))
    go_on(which, now);
  on_.out.read_more();
}

void journey::on_clock_set(moment now) {
  on_.table.for_each([&](device_ref which, const device& d) {
    if (d.state() == device_state::parked) follow(which, device_event::clock_set, {now});
  });
}

// Lets the first of those who wait that has something to send try it.
void journey::probe(gate_place at, moment now) {
  auto waiting = on_.held.take_held(at);
  while (!waiting.empty()) {
    const auto which = waiting.front();
    waiting.pop_front();
    if (!on_.table.contains(which)) continue;
    on_.held.free(which);
    go_on(which, now);
    if (!on_.table.contains(which)) continue;
    const auto& d = on_.table.at(which);
    if (d.in_flight || d.reading_back) break;
  }
  on_.held.hold_again(at, waiting);
}

void journey::tick_gates(moment now) {
  constexpr std::size_t most_at_once = 1000; // so that the loop turns; the rest goes with the next tick
  on_.held.open_overdue(now);
  for (const auto at : on_.held.due(now))
    probe(at, now);
  for (const auto which : on_.held.take_released(most_at_once))
    go_on(which, now);
}

void journey::tick(moment now) {
  while (const auto which = connecting_.take_due(now))
    follow(*which, device_event::due, {now});
  tick_gates(now);
  roster_.tick(now);
  for (const auto which : successions_.tick(now))
    become_other(which, now);
  const auto round = grace_.tick(now);
  for (const auto which : round.to_save) {
    records_.save(which);
    on_.book.commit_if_long();
  }
  for (const auto which : round.emptied)
    if (on_.table.at(which).deleted) leave(which, now);
}

std::optional<mono_time> journey::deadline() const {
  const auto at_once = on_.held.has_released() ? std::optional{on_.time.started()} : std::nullopt;
  return earliest({at_once, connecting_.deadline(), roster_.deadline(), on_.held.deadline(),
                   successions_.deadline(), grace_.deadline()});
}

} // namespace causeway::core
