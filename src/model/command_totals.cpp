// SPDX-License-Identifier: Apache-2.0
#include "model/command_totals.h"

#include <algorithm>
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
    {"causeway_downlink_pushes_under_way",
     figure_kind::gauge,
     "Pushes, and emptyings of queues, that The Things Stack has not answered yet; at most 8",
     at<&command_totals::pushes_under_way>,
     {.key = "commands.pushes_under_way"}},
    {"causeway_downlink_queues_cleared_total", figure_kind::counter,
     "Devices' queues emptied by the operator", at<&command_totals::clearings>},
    {"causeway_commands_in_doubt_total",
     figure_kind::counter,
     "Commands of which nobody can know whether they are in The Things Stack's queue: they are not pushed "
     "again",
     at<&command_totals::in_doubt>,
     {.key = "commands.in_doubt"}},
    {"causeway_commands_no_word_total",
     figure_kind::counter,
     "Commands that The Things Stack had taken and that stand in no queue any more, and of which nothing was "
     "heard",
     at<&command_totals::no_word>,
     {.key = "commands.no_word"}},
    {"causeway_command_reports_total",
     figure_kind::counter,
     "Reports of commands' steps",
     at<&command_totals::reports>,
     {.key = "commands.reports"}},
    {"causeway_command_reports_left_out_total", figure_kind::counter,
     "Reports of repeated transmissions that found no room in the spool",
     at<&command_totals::reports_left_out>},
    {"causeway_applications_without_progress",
     figure_kind::gauge,
     "Applications whose pushes The Things Stack takes, and whose downlink events do not come in",
     at<&command_totals::silent_applications>,
     {.key = "commands.without_progress"}},
    {"causeway_command_items_strange_total", figure_kind::counter,
     "Steps of a second item of one command: somebody else has pushed it",
     at<&command_totals::steps_elsewhere>},
});

} // namespace

std::string_view to_string(command_leg which) {
  switch (which) {
  case command_leg::stored:
    return "stored";
  case command_leg::pushed:
    return "pushed";
  case command_leg::sent:
    return "sent";
  case command_leg::acknowledged:
    return "acknowledged";
  }
  return "unknown";
}

void command_latency::count(std::chrono::nanoseconds took) {
  const auto ms = static_cast<std::uint64_t>(std::max<std::int64_t>(took / milliseconds{1}, 0));
  const auto bound = std::lower_bound(command_bounds_ms.begin(), command_bounds_ms.end(), ms);
  ++counts[static_cast<std::size_t>(bound - command_bounds_ms.begin())];
  ms_sum += ms;
}

constinit const figure_table<command_totals> command_figures{rows};

} // namespace causeway::model
