// SPDX-License-Identifier: Apache-2.0
#include "core/command_transitions.h"

#include <array>

namespace causeway::core {
namespace {

template <class... Stages>
constexpr std::uint16_t at(Stages... of) {
  return static_cast<std::uint16_t>(((1U << static_cast<unsigned>(of)) | ...));
}

using enum command_stage;
using event = command_event;
using given = command_given;

// Where the stack may have it, whatever is believed.
constexpr auto open = at(stored, pushing, queued, sent, nacked, replaced, cleared, no_word, in_doubt);
// Where it is not known that the stack has taken it.
constexpr auto untaken = at(stored, pushing, in_doubt);
constexpr auto believed_gone = at(replaced, cleared, no_word);

constexpr std::array table{
    command_row{event::push_began, at(stored), given::always, pushing},
    // The event may have come before the answer, and a later one too.
    command_row{event::push_taken, at(pushing, in_doubt), given::always, queued},
    command_row{event::push_refused, at(pushing), given::always, failed},
    command_row{event::push_not_made, at(pushing), given::always, stored},

    command_row{event::never_arrived, at(pushing), given::always, stored},
    command_row{event::found_queued, untaken | believed_gone, given::always, queued},
    command_row{event::found_scheduled, untaken, given::always, queued},
    command_row{event::cannot_be_known, at(pushing), given::always, in_doubt},

    // The item of a command that is believed gone was queued before that: such a step says nothing new.
    command_row{event::heard_queued, untaken, given::always, queued},
    command_row{event::heard_sent, open, given::newer, sent},
    command_row{event::heard_nack, open, given::newer, nacked},
    command_row{event::heard_ack, open, given::always, acknowledged},
    command_row{event::heard_end, open, given::always, failed},
    command_row{event::heard_setback, untaken, given::always, queued},
    command_row{event::heard_setback, believed_gone, given::newer, queued},

    command_row{event::given_up, at(stored), given::always, failed},
    command_row{event::timed_out, at(stored), given::always, expired},
    command_row{event::called_off, at(stored), given::always, cancelled},
    command_row{event::queue_cleared, at(queued), given::always, cleared},
    command_row{event::queue_replaced, at(queued), given::always, replaced},
    // What is unconfirmed and sent has had its last word.
    command_row{event::nothing_heard, at(queued, nacked), given::always, no_word},
    command_row{event::nothing_heard, at(sent), given::confirmed, no_word},
};

constexpr bool is_by_event() {
  for (std::size_t i = 1; i < table.size(); ++i)
    if (table[i].on < table[i - 1].on) return false;
  return true;
}
static_assert(is_by_event());

constexpr bool leaves_no_end() {
  for (const auto& row : table)
    if ((row.from & at(acknowledged, failed, expired, cancelled)) != 0) return false;
  return true;
}
static_assert(leaves_no_end());

bool holds(command_given what, const command_circumstances& in) {
  switch (what) {
  case given::always:
    return true;
  case given::confirmed:
    return in.confirmed;
  case given::newer:
    return in.newer;
  }
  return false;
}

} // namespace

command_state state_of(command_stage what) {
  switch (what) {
  case stored:
    return command_state::stored;
  case pushing:
    return command_state::pushing;
  case queued:
    return command_state::queued;
  case sent:
    return command_state::sent;
  case acknowledged:
    return command_state::acknowledged;
  case nacked:
    return command_state::nacked;
  case failed:
    return command_state::failed;
  case expired:
    return command_state::expired;
  case replaced:
    return command_state::replaced;
  case cancelled:
  case cleared:
    return command_state::cancelled;
  case no_word:
    return command_state::no_word;
  case in_doubt:
    return command_state::in_doubt;
  }
  return command_state::in_doubt;
}

bool is_end(command_stage what) {
  return what == acknowledged || what == failed || what == expired || what == cancelled;
}

std::span<const command_row> command_rows() {
  return table;
}

std::optional<command_stage> find_command_transition(command_stage from, command_event on,
                                                     const command_circumstances& in) {
  for (const auto& row : table)
    if (row.on == on && (row.from & at(from)) != 0 && holds(row.when, in)) return row.to;
  return std::nullopt;
}

} // namespace causeway::core
