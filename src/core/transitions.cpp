// SPDX-License-Identifier: Apache-2.0
#include "core/transitions.h"

#include "base/check.h"

#include <array>

namespace causeway::core {
namespace {

template <class... Stages>
constexpr std::uint16_t at(Stages... of) {
  return static_cast<std::uint16_t>(((1U << static_cast<unsigned>(of)) | ...));
}

constexpr auto known = stage::known, provisioning = stage::provisioning, attaching = stage::attaching,
               owed = stage::owed, online = stage::online, paused = stage::paused, parked = stage::parked,
               doubted = stage::doubted, unlisted = stage::unlisted, off = stage::off,
               removed = stage::removed;
constexpr auto anywhere = static_cast<std::uint16_t>((1U << stages) - 1);
constexpr auto on_way = at(attaching, owed, online, paused);
constexpr auto aside = at(parked, doubted);
constexpr auto idle = at(known, parked, doubted, unlisted, off, removed);
constexpr std::optional<stage> stays{};

using event = device_event;
using then = next_step;

constexpr std::array table{
    transition_row{event::wanted, idle, given::being_placed, known, then::nothing},
    transition_row{event::wanted, idle, given::assigned, attaching, then::attach},
    transition_row{event::wanted, idle, given::always, stays, then::claim},

    transition_row{event::claimed, anywhere, given::always, provisioning, then::find_hub},
    transition_row{event::unclaimed, anywhere, given::always, parked, then::count_grace, tally::counted},

    transition_row{event::hub_found, at(provisioning), given::other_hub, attaching, then::attach,
                   tally::reset},
    transition_row{event::hub_found, at(provisioning), given::always, attaching, then::attach},
    transition_row{event::hub_not_found, at(provisioning), given::unassigned, parked, then::count_grace,
                   tally::counted},
    transition_row{event::hub_not_found, at(provisioning), given::for_good, doubted, then::count_grace,
                   tally::counted},
    // It may be the hub that was wrong about the device: it is tried once more.
    transition_row{event::hub_not_found, at(provisioning), given::always, owed, then::attach, tally::counted},

    transition_row{event::attached, at(attaching, owed), given::always, online, then::deliver},
    transition_row{event::interrupted, at(attaching, owed), given::always, stays, then::hurry_hub},
    transition_row{event::interrupted, at(online, paused), given::always, attaching, then::hurry_hub},

    transition_row{event::refused, on_way, given::first_doubt, stays, then::claim, tally::stays, trust::lost},
    transition_row{event::refused, at(owed), given::doubt_and_due, stays, then::claim},
    transition_row{event::refused, at(owed), given::doubt, doubted, then::count_grace},
    transition_row{event::refused, on_way, given::doubt, doubted, then::count_grace, tally::counted},
    transition_row{event::refused, on_way, given::always, parked, then::count_grace, tally::counted},

    transition_row{event::accepted, anywhere, given::always, stays, then::nothing, tally::reset, trust::won},
    transition_row{event::message_buried, anywhere, given::always, stays, then::nothing, tally::reset},
    transition_row{event::message_refused, at(online, paused), given::always, paused, then::nothing,
                   tally::counted},

    transition_row{event::due, aside, given::awaited, unlisted, then::look_up},
    transition_row{event::due, at(doubted), given::always, stays, then::claim},
    transition_row{event::due, at(parked), given::always, stays, then::bring},
    transition_row{event::due, at(paused), given::always, online, then::deliver},

    transition_row{event::spoke, at(known), given::always, stays, then::bring},
    transition_row{event::spoke, at(removed), given::always, unlisted, then::look_up},
    transition_row{event::spoke, at(unlisted), given::may_be_asked, stays, then::look_up},
    transition_row{event::spoke, at(provisioning), given::first_waits, stays, then::hurry_dps},
    transition_row{event::spoke, at(attaching, owed), given::first_waits, stays, then::hurry_hub},
    transition_row{event::spoke, at(online, paused), given::always, stays, then::deliver},
    transition_row{event::spoke, at(parked, doubted, off), given::always, stays, then::count_grace},

    transition_row{event::named, at(known, unlisted, off, removed), given::always, stays, then::bring,
                   tally::reset},
    transition_row{event::named, aside, given::was_awaited, stays, then::bring, tally::reset},
    transition_row{event::named, at(attaching, owed), given::model_changed, stays, then::reattach},
    transition_row{event::named, at(online, paused), given::model_changed, attaching, then::reattach},

    transition_row{event::unnamed, at(known), given::waits_unasked, unlisted, then::look_up},
    transition_row{event::unnamed, at(known), given::always, unlisted, then::nothing},
    transition_row{event::list_came, at(unlisted), given::waits_unasked, stays, then::look_up},
    transition_row{event::not_named, at(unlisted), given::always, parked, then::count_grace, tally::counted},
    transition_row{event::completed, aside, given::incomplete, stays, then::retry, tally::reset},

    transition_row{event::switched_off, anywhere, given::always, off, then::end_link, tally::reset},
    transition_row{event::left, anywhere, given::always, removed, then::end_link, tally::reset},
    transition_row{event::replaced, at(provisioning, attaching, owed, online, paused, parked, doubted),
                   given::always, known, then::end_link, tally::reset},
    transition_row{event::replaced, at(known, unlisted, off, removed), given::always, stays, then::end_link,
                   tally::reset},
    transition_row{event::forgotten, anywhere, given::always, known, then::end_link},
    transition_row{event::clock_set, aside, given::by_the_clock, stays, then::nothing, tally::reset},
};

constexpr bool is_by_event() {
  for (std::size_t i = 1; i < table.size(); ++i)
    if (table[i].on < table[i - 1].on) return false;
  return true;
}
static_assert(is_by_event());

// A failure is counted where a pause begins.
constexpr bool is_counted_at_pauses() {
  for (const auto& row : table)
    if (row.failures == tally::counted && row.to != parked && row.to != doubted && row.to != paused &&
        row.to != owed)
      return false;
  return true;
}
static_assert(is_counted_at_pauses());

// Where the rows of an event begin; those of the next one end them.
constexpr auto first_rows = [] {
  std::array<std::uint8_t, device_events + 1> begins{};
  for (std::size_t i = 0; i <= device_events; ++i)
    while (begins[i] < table.size() && static_cast<std::size_t>(table[begins[i]].on) < i)
      ++begins[i];
  return begins;
}();

// Refusals after which a cached assignment may be wrong, so that DPS is worth asking.
bool casts_doubt_on_assignment(errc code) {
  return code == errc::hub_unauthorized || code == errc::hub_device_unknown || code == errc::hub_forbidden ||
         code == errc::hub_not_found;
}

// Refusals that a clock may have brought about: of tokens and certificates.
bool has_to_do_with_time(errc code) {
  return code == errc::hub_unauthorized || code == errc::hub_token_expired ||
         code == errc::dps_unauthorized || code == errc::clock_skew || code == errc::tls_untrusted;
}

bool is_in_doubt(const circumstances& in) {
  CAUSEWAY_CHECK(in.why != nullptr);
  return in.through_dps && casts_doubt_on_assignment(in.why->code());
}

bool holds(given what, const device& d, const circumstances& in) {
  switch (what) {
  case given::always:
    return true;
  case given::being_placed:
    return in.being_placed;
  case given::assigned:
    return d.assigned;
  case given::unassigned:
    return !d.assigned;
  case given::for_good:
    CAUSEWAY_CHECK(in.why != nullptr);
    return in.why->cls() == error_class::permanent;
  case given::other_hub:
    return in.other_hub;
  case given::doubt:
    return is_in_doubt(in);
  case given::first_doubt:
    return is_in_doubt(in) && !d.is_distrusted();
  case given::doubt_and_due:
    return is_in_doubt(in) && d.next_try() <= in.now.mono;
  case given::first_waits:
    return in.first_waits;
  case given::may_be_asked:
    return in.may_be_asked;
  case given::waits_unasked:
    return d.waiting != 0 && in.may_be_asked;
  case given::awaited:
    return in.awaited;
  case given::was_awaited:
    return in.was_awaited || d.reason() == errc::identity_incomplete;
  case given::incomplete:
    return d.reason() == errc::identity_incomplete;
  case given::model_changed:
    return in.model_changed;
  case given::by_the_clock:
    return has_to_do_with_time(d.reason());
  }
  return false;
}

} // namespace

device_state state_of(stage what) {
  switch (what) {
  case stage::known:
    return device_state::known;
  case stage::provisioning:
    return device_state::provisioning;
  case stage::attaching:
  case stage::owed:
    return device_state::attaching;
  case stage::online:
  case stage::paused:
    return device_state::online;
  case stage::parked:
  case stage::doubted:
    return device_state::parked;
  case stage::unlisted:
    return device_state::unlisted;
  case stage::off:
    return device_state::off;
  case stage::removed:
    return device_state::removed;
  }
  return device_state::known;
}

stage stage_of(const device& d) {
  switch (d.state()) {
  case device_state::known:
    return stage::known;
  case device_state::provisioning:
    return stage::provisioning;
  case device_state::attaching:
    return d.next_try() == mono_time{} ? stage::attaching : stage::owed;
  case device_state::online:
    return d.paused() ? stage::paused : stage::online;
  case device_state::parked:
    return d.asks_first() ? stage::doubted : stage::parked;
  case device_state::unlisted:
    return stage::unlisted;
  case device_state::off:
    return stage::off;
  case device_state::removed:
    return stage::removed;
  }
  return stage::known;
}

std::span<const transition_row> transition_rows() {
  return table;
}

const transition_row* find_transition(const device& d, device_event on, const circumstances& in) {
  const auto from = at(stage_of(d));
  const auto of = static_cast<std::size_t>(on);
  for (std::size_t i = first_rows[of]; i < first_rows[of + 1]; ++i)
    if ((table[i].from & from) != 0 && holds(table[i].when, d, in)) return &table[i];
  return nullptr;
}

} // namespace causeway::core
