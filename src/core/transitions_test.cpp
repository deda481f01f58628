// SPDX-License-Identifier: Apache-2.0
// The table of transitions, row by row, through the one that writes a device's state; and that
// docs/device-states.md says the same.
#include "core/connecting.h"
#include "core/organ_scene.h"
#include "core/states_page.h"

#include <gtest/gtest.h>

#include <map>

namespace causeway::core {
namespace {

using testing::organ_scene;
using enum stage;
using event = device_event;
using then = next_step;

const std::vector<stage> anywhere{known,  provisioning, attaching, owed, online, paused,
                                  parked, doubted,      unlisted,  off,  removed};
const std::vector<stage> on_way{attaching, owed, online, paused}, aside{parked, doubted},
    idle{known, parked, doubted, unlisted, off, removed};

struct expected {
  event on;
  std::vector<stage> from;
  given when;
  std::optional<stage> to;
  next_step then;
  tally failures = tally::stays;
  trust trusted = trust::stays;
};
constexpr std::optional<stage> stays{};

// Written down a second time, by hand: what is changed in one place only is found.
const std::vector<expected> rows{
    {event::wanted, idle, given::being_placed, known, then::nothing},
    {event::wanted, idle, given::assigned, attaching, then::attach},
    {event::wanted, idle, given::always, stays, then::claim},
    {event::claimed, anywhere, given::always, provisioning, then::find_hub},
    {event::unclaimed, anywhere, given::always, parked, then::count_grace, tally::counted},
    {event::hub_found, {provisioning}, given::other_hub, attaching, then::attach, tally::reset},
    {event::hub_found, {provisioning}, given::always, attaching, then::attach},
    {event::hub_not_found, {provisioning}, given::unassigned, parked, then::count_grace, tally::counted},
    {event::hub_not_found, {provisioning}, given::for_good, doubted, then::count_grace, tally::counted},
    {event::hub_not_found, {provisioning}, given::always, owed, then::attach, tally::counted},
    {event::attached, {attaching, owed}, given::always, online, then::deliver},
    {event::interrupted, {attaching, owed}, given::always, stays, then::hurry_hub},
    {event::interrupted, {online, paused}, given::always, attaching, then::hurry_hub},
    {event::refused, on_way, given::first_doubt, stays, then::claim, tally::stays, trust::lost},
    {event::refused, {owed}, given::doubt_and_due, stays, then::claim},
    {event::refused, {owed}, given::doubt, doubted, then::count_grace},
    {event::refused, {attaching, online, paused}, given::doubt, doubted, then::count_grace, tally::counted},
    {event::refused, on_way, given::always, parked, then::count_grace, tally::counted},
    {event::accepted, anywhere, given::always, stays, then::nothing, tally::reset, trust::won},
    {event::message_buried, anywhere, given::always, stays, then::nothing, tally::reset},
    {event::message_refused, {online, paused}, given::always, paused, then::nothing, tally::counted},
    {event::due, aside, given::awaited, unlisted, then::look_up},
    {event::due, {doubted}, given::always, stays, then::claim},
    {event::due, {parked}, given::always, stays, then::bring},
    {event::due, {paused}, given::always, online, then::deliver},
    {event::spoke, {known}, given::always, stays, then::bring},
    {event::spoke, {removed}, given::always, unlisted, then::look_up},
    {event::spoke, {unlisted}, given::may_be_asked, stays, then::look_up},
    {event::spoke, {provisioning}, given::first_waits, stays, then::hurry_dps},
    {event::spoke, {attaching, owed}, given::first_waits, stays, then::hurry_hub},
    {event::spoke, {online, paused}, given::always, stays, then::deliver},
    {event::spoke, {parked, doubted, off}, given::always, stays, then::count_grace},
    {event::named, {known, unlisted, off, removed}, given::always, stays, then::bring, tally::reset},
    {event::named, aside, given::was_awaited, stays, then::bring, tally::reset},
    {event::named, aside, given::incomplete, stays, then::bring, tally::reset},
    {event::named, {attaching, owed}, given::model_changed, stays, then::reattach},
    {event::named, {online, paused}, given::model_changed, attaching, then::reattach},
    {event::unnamed, {known}, given::waits_unasked, unlisted, then::look_up},
    {event::unnamed, {known}, given::always, unlisted, then::nothing},
    {event::list_came, {unlisted}, given::waits_unasked, stays, then::look_up},
    {event::not_named, {unlisted}, given::always, parked, then::count_grace, tally::counted},
    {event::completed, aside, given::incomplete, stays, then::retry, tally::reset},
    {event::switched_off, anywhere, given::always, off, then::end_link, tally::reset},
    {event::left, anywhere, given::always, removed, then::end_link, tally::reset},
    {event::replaced,
     {provisioning, attaching, owed, online, paused, parked, doubted},
     given::always,
     known,
     then::end_link,
     tally::reset},
    {event::replaced, {known, unlisted, off, removed}, given::always, stays, then::end_link, tally::reset},
    {event::forgotten, anywhere, given::always, known, then::end_link},
    {event::clock_set, aside, given::by_the_clock, stays, then::nothing, tally::reset},
};

const error passing{errc::dps_busy, "p"}, lasting{errc::dps_disabled, "l"},
    doubting{errc::hub_device_unknown, "d"}, incomplete{errc::identity_incomplete, "i"},
    by_clock{errc::dps_unauthorized, "c"};

// One device of "field", through DPS, with two failures behind it.
struct walker : organ_scene {
  connecting states{table, rules, totals, {backoff_policy{}, backoff_policy{}}, [] { return 0.5; }};
  device_ref which = add_assigned(field, "dev-1");
  device& d = table.at(which);

  // aside_for: why it is parked, where it is.
  explicit walker(stage in, const error& aside_for = lasting) {
    states.appear(which, in == unlisted ? device_state::unlisted : device_state::known, now());
    for (int i = 0; i < 2; ++i) {
      on(event::unclaimed, passing);
      if (in == unlisted)
        states.on(which, event::due, {now(), nullptr, false, false, false, false, false, true});
    }
    if (in == known) on(event::forgotten);
    if (in == parked) on(event::unclaimed, aside_for);
    if (in == off || in == removed) {
      on(in == off ? event::switched_off : event::left); // the failures with it: again
    }
    if (in == provisioning || in == owed || in == doubted || in == attaching || in == online || in == paused)
      on(event::claimed);
    if (in == owed) on(event::hub_not_found, passing);
    if (in == doubted) on(event::hub_not_found, aside_for);
    if (in == attaching || in == online || in == paused) on(event::hub_found);
    if (in == online || in == paused) on(event::attached);
    if (in == paused) on(event::message_refused, passing);
    EXPECT_EQ(stage_of(d), in) << to_string(in);
  }
  transition on(event what) { return states.on(which, what, {now()}); }
  transition on(event what, const error& why) { return states.on(which, what, {now(), &why}); }
  transition on(event what, circumstances with) { return states.on(which, what, with); }
};

bool is_parked_for(given what) {
  return what == given::incomplete || what == given::by_the_clock;
}

// Makes the row's condition true, and that of no row before it.
circumstances arrange(walker& w, const expected& row) {
  circumstances with{w.now(), &passing};
  switch (row.when) {
  case given::unassigned:
    w.d.assigned = false;
    break;
  case given::for_good:
    with.why = &lasting;
    break;
  case given::other_hub:
    with.other_hub = true;
    break;
  case given::first_doubt:
    with.why = &doubting;
    break;
  case given::doubt_and_due:
  case given::doubt:
    w.on(event::refused, doubting); // the first doubt
    if (row.when == given::doubt_and_due) w.clock.advance(std::chrono::hours{3});
    with = {w.now(), &doubting};
    break;
  case given::waits_unasked:
    w.wait(w.which, 1);
    [[fallthrough]];
  case given::may_be_asked:
    with.may_be_asked = true;
    break;
  case given::being_placed:
    with.being_placed = true;
    break;
  case given::first_waits:
    with.first_waits = true;
    break;
  case given::awaited:
    with.awaited = true;
    break;
  case given::was_awaited:
    with.was_awaited = true;
    break;
  case given::model_changed:
    with.model_changed = true;
    break;
  case given::always:
    if (row.on == event::wanted) w.d.assigned = false;
    break;
  case given::assigned:
  case given::incomplete:
  case given::by_the_clock:
    break;
  }
  return with;
}

void expect(const walker& w, const transition& made, const expected& row, stage from,
            std::uint8_t failures_before) {
  const auto what = std::string{to_string(row.on)} + " in " + std::string{to_string(from)} + ", " +
                    std::string{to_string(row.when)};
  const auto to = row.to.value_or(from);
  EXPECT_EQ(made.from, from) << what;
  EXPECT_EQ(made.to, to) << what;
  EXPECT_EQ(made.then, row.then) << what << ": " << to_string(made.then);
  EXPECT_EQ(stage_of(w.d), to) << what << ": " << to_string(stage_of(w.d));
  EXPECT_EQ(w.d.state(), state_of(to)) << what;
  const int failures =
      row.failures == tally::reset ? 0 : failures_before + (row.failures == tally::counted ? 1 : 0);
  EXPECT_EQ(w.d.failures(), failures) << what;
}

TEST(transitions, each_row_does_what_is_written_here) {
  for (const auto& row : rows)
    for (const auto from : row.from) {
      walker w{from, row.when == given::incomplete     ? incomplete
                     : row.when == given::by_the_clock ? by_clock
                                                       : lasting};
      const auto with = arrange(w, row);
      const bool was_distrusted = w.d.is_distrusted();
      const auto before = w.d.failures();
      const auto made = w.on(row.on, with);
      expect(w, made, row, from, before);
      EXPECT_EQ(w.d.is_distrusted(),
                row.trusted == trust::stays ? was_distrusted : row.trusted == trust::lost)
          << to_string(row.on);
    }
}

TEST(transitions, what_is_won_back_is_trust) {
  for (const auto from : on_way) {
    walker w{from};
    w.on(event::refused, doubting);
    EXPECT_TRUE(w.d.is_distrusted());
    w.on(event::accepted);
    EXPECT_FALSE(w.d.is_distrusted());
  }
}

// Without any condition but those that always hold, of each stage and event.
TEST(transitions, what_stands_in_no_row_changes_nothing) {
  for (std::size_t i = 0; i < device_events; ++i)
    for (const auto from : anywhere) {
      const auto on = static_cast<event>(i);
      walker w{from};
      if (on == event::wanted) w.d.assigned = false;
      const expected* fits = nullptr;
      for (const auto& row : rows)
        if (fits == nullptr && row.on == on && row.when == given::always &&
            std::count(row.from.begin(), row.from.end(), from) != 0)
          fits = &row;
      const expected nothing{on, {}, given::always, stays, then::nothing};
      const auto before = w.d.failures();
      const auto made = w.on(on, passing);
      expect(w, made, fits == nullptr ? nothing : *fits, from, before);
    }
}

// An event is never asked for a row's condition in a stage in which it has no row.
TEST(transitions, a_condition_counts_only_where_its_row_is) {
  for (const auto& row : rows)
    for (const auto from : anywhere) {
      if (row.when == given::always || row.when == given::assigned || is_parked_for(row.when)) continue;
      bool has_row = false;
      for (const auto& other : rows)
        has_row =
            has_row || (other.on == row.on && std::count(other.from.begin(), other.from.end(), from) != 0);
      if (has_row) continue;
      walker w{from};
      const auto with = arrange(w, row);
      EXPECT_EQ(w.on(row.on, with).then, then::nothing) << to_string(row.on) << to_string(from);
      EXPECT_EQ(stage_of(w.d), from) << to_string(row.on) << to_string(from);
    }
}

std::string table_as_text() {
  std::string text =
      "| Event | In | If | Becomes | Then | Failures | Trust |\n|---|---|---|---|---|---|---|\n";
  for (const auto& row : transition_rows()) {
    text.append("| ")
        .append(to_string(row.on))
        .append(" | ")
        .append(testing::words_of<stage>(row.from, stages))
        .append(" | ");
    text.append(to_string(row.when)).append(" | ");
    text.append(row.to ? to_string(*row.to) : "stays")
        .append(" | ")
        .append(to_string(row.then))
        .append(" | ");
    text.append(row.failures == tally::reset     ? "none any more"
                : row.failures == tally::counted ? "one more"
                                                 : "");
    text.append(" | ");
    text.append(row.trust == trust::lost ? "lost" : row.trust == trust::won ? "won" : "").append(" |\n");
  }
  return text;
}

TEST(transitions, the_page_says_the_same) {
  testing::expect_page_has("device-states.md", "transitions", table_as_text());
}

} // namespace
} // namespace causeway::core
