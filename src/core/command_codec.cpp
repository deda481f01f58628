// SPDX-License-Identifier: Apache-2.0
// A version byte, then the fields in order.
#include "core/command_entry.h"
#include "core/record_fields.h"

#include <algorithm>
#include <utility>

namespace causeway::core {
namespace {

// Before commands' times were kept; before it was known for whom they are, and where; before it was written
// with a push what was known of the device's uplinks; as written now.
constexpr char first_version = 1, with_times = 2, with_place = 3, this_version = 4;

template <class Way, class State>
void pass(Way&& in, State& of) {
  auto& asked = of.what.what;
  in.field(of.what.source);
  in.field(asked.f_port);
  in.field(asked.frm_payload);
  in.field(asked.decoded_payload);
  in.field(asked.confirmed);
  in.field(asked.priority);
  in.field(asked.queue);
  in.field(asked.class_b_c);
  in.field(asked.max_attempts);
  in.field(of.what.message_id);
  in.field(of.what.correlation_id);
  in.field(of.what.held_for);
  in.field(of.what.expiry.by_wall);
  in.field(of.what.expiry.open_seconds);
  auto& stands = of.stands;
  in.field(stands.stage);
  in.field(stands.nacks);
  in.field(stands.item);
  in.field(stands.heard_at);
  in.field(stands.heard);
  in.field(stands.taken);
  in.field(stands.changes);
  in.field(stands.no_encoder);
  in.field(of.pushed);
  in.field(of.stored_at);
  in.field(of.changed_at);
  in.field(of.refused);
}

template <class Way, class State>
void pass_times(Way&& in, State& of) {
  in.field(of.what.sequence_number);
  in.field(of.what.enqueued);
  in.field(of.marks);
  in.field(of.error);
}

template <class Way, class State>
void pass_place(Way&& in, State& of) {
  in.field(of.what.dev_eui);
  in.field(of.stands.was_queued);
  in.field(of.stands.on_its_way);
}

template <class Way, class State>
void pass_uplink(Way&& in, State& of) {
  if (of.pushed) in.field(of.pushed->newest);
}

// What no version has written.
bool is_sane(const kept_state& state) {
  return std::all_of(state.marks.begin(), state.marks.end(),
                     [](const command_mark& one) { return one.state <= command_state::in_doubt; }) &&
         state.what.source <= command_source::twin &&
         static_cast<std::size_t>(state.what.what.priority) < downlink_priorities &&
         state.what.what.queue <= queue_operation::replace &&
         static_cast<std::size_t>(state.stands.stage) < command_stages &&
         state.stands.heard <= step_kind::ack &&
         (!state.pushed || !state.pushed->newest ||
          (state.pushed->newest->received_at > 0 &&
           state.pushed->newest->leaves_after >= state.pushed->newest->received_at)) &&
         (!state.what.held_for || *state.what.held_for <= awaited_step::acknowledged);
}

} // namespace

std::string encode_command(const kept_state& what) {
  std::string out{this_version};
  pass(record_writer{out}, what);
  pass_times(record_writer{out}, what);
  pass_place(record_writer{out}, what);
  pass_uplink(record_writer{out}, what);
  return out;
}

result<kept_state> decode_command(const kept_command& row) {
  const error corrupt{errc::record_corrupt, "command " + row.id.str()};
  const auto version = row.content.empty() ? char{0} : row.content.front();
  if (version < first_version || version > this_version) return corrupt;
  kept_state state;
  record_reader in{std::string_view{row.content}.substr(1)};
  pass(in, state);
  if (version >= with_times) pass_times(in, state);
  if (version >= with_place)
    pass_place(in, state);
  else
    state.stands.was_queued = reach(state.stands, awaited_step::queued, true) == reached::yes;
  if (version == this_version) pass_uplink(in, state);
  if (!in.is_whole() || !is_sane(state)) return corrupt;
  state.what.id = row.id;
  state.what.to = row.of;
  return state;
}

command_entry make_entry(kept_state from, std::uint32_t application) {
  const bool confirmed = from.what.what.confirmed, encoder = needs_encoder(from.what.what);
  command_entry made{std::move(from.what),  command_track{confirmed, encoder, std::move(from.stands)},
                     from.pushed,           from.stored_at,
                     from.changed_at,       from.refused,
                     std::move(from.marks), std::move(from.error)};
  made.application = application;
  return made;
}

command_entry make_fresh_entry(command what, std::uint32_t application, std::uint32_t open_seconds,
                               moment now) {
  kept_state fresh;
  fresh.what = std::move(what);
  fresh.stored_at = fresh.changed_at = open_seconds;
  auto made = make_entry(std::move(fresh), application);
  made.note({command_state::stored, now.wall});
  made.times = {now.mono, now.mono};
  return made;
}

void command_entry::note(const command_mark& mark) {
  if (marks.size() == most_marks) marks.erase(marks.begin() + 1);
  marks.push_back(mark);
}

} // namespace causeway::core
