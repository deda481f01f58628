// SPDX-License-Identifier: Apache-2.0
#include "model/command_totals.h"

#include <array>

namespace causeway::model {
namespace {

constexpr auto rows = std::to_array<figure<command_totals>>({
    {"causeway_commands_received_total",
     figure_kind::counter,
     "Commands stored, by where they come from",
     each<&command_totals::received, command_source>,
     {.key = "commands.received", .as_sum = true},
     "source"},
    {"causeway_commands_refused_total",
     figure_kind::counter,
     "Commands refused, or left with the hub for want of room",
     each<&command_totals::refused, command_source>,
     {.key = "commands.refused", .as_sum = true},
     "source"},
    {"causeway_commands_redelivered_total", figure_kind::counter,
     "Messages of commands that were known already", at<&command_totals::redelivered>},
    {"causeway_commands",
     figure_kind::gauge,
     "Commands in the ledger, by state (docs/command-states.md)",
     each<&command_totals::in_state, command_state>,
     {.key = "commands.in_state"},
     "state"},
    {"causeway_downlink_pushes_total",
     figure_kind::counter,
     "Pushes to The Things Stack's queues",
     at<&command_totals::pushes>,
     {.key = "commands.pushes"}},
    {"causeway_downlink_pushes_unanswered_total",
     figure_kind::counter,
     "Of these, without an answer that says what became of them: they are looked for",
     at<&command_totals::pushes_unanswered>,
     {.key = "commands.pushes_unanswered"}},
    {"causeway_command_reports_total",
     figure_kind::counter,
     "Reports of commands' steps",
     at<&command_totals::reports>,
     {.key = "commands.reports"}},
    {"causeway_command_items_strange_total", figure_kind::counter,
     "Steps of a second item of one command: somebody else has pushed it",
     at<&command_totals::steps_elsewhere>},
});

} // namespace

constinit const figure_table<command_totals> command_figures{rows};

} // namespace causeway::model
