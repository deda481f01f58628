// SPDX-License-Identifier: Apache-2.0
// A version byte, then the fields in order.
#include "core/command_entry.h"
#include "core/record_fields.h"

#include <utility>

namespace causeway::core {
namespace {

constexpr char first_version = 1;

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
  in.field(of.what.expiry.by_service);
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

// What no version has written.
bool is_sane(const kept_state& state) {
  return state.what.source <= command_source::twin &&
         static_cast<std::size_t>(state.what.what.priority) < downlink_priorities &&
         state.what.what.queue <= queue_operation::replace &&
         static_cast<std::size_t>(state.stands.stage) < command_stages &&
         state.stands.heard <= step_kind::ack &&
         (!state.what.held_for || *state.what.held_for <= awaited_step::acknowledged);
}

} // namespace

std::string encode_command(const kept_state& what) {
  std::string out{first_version};
  pass(record_writer{out}, what);
  return out;
}

result<kept_state> decode_command(const kept_command& row) {
  const error corrupt{errc::record_corrupt, "command " + row.id.str()};
  if (row.content.empty() || row.content.front() != first_version) return corrupt;
  kept_state state;
  record_reader in{std::string_view{row.content}.substr(1)};
  pass(in, state);
  if (!in.is_whole() || !is_sane(state)) return corrupt;
  state.what.id = row.id;
  state.what.to = row.of;
  return state;
}

command_entry make_entry(kept_state from, std::uint32_t application) {
  const bool confirmed = from.what.what.confirmed, encoder = needs_encoder(from.what.what);
  command_entry made{std::move(from.what), command_track{confirmed, encoder, std::move(from.stands)},
                     from.pushed,          from.stored_at,
                     from.changed_at,      from.refused};
  made.application = application;
  return made;
}

} // namespace causeway::core
