// SPDX-License-Identifier: Apache-2.0
// The table of a command's stages, row by row, written down a second time; and that docs/command-states.md
// says the same.
#include "core/command_transitions.h"
#include "core/states_page.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace causeway::core {
namespace {

using enum command_stage;
using event = command_event;
using given = command_given;
using stages = std::vector<command_stage>;

const stages all{stored,  pushing,   queued,   sent,    acknowledged, nacked,  failed,
                 expired, cancelled, replaced, cleared, no_word,      in_doubt};
const stages open{stored, pushing, queued, sent, nacked, replaced, cleared, no_word, in_doubt};
const stages untaken{stored, pushing, in_doubt}, believed_gone{replaced, cleared, no_word};

struct expected {
  event on;
  stages from;
  given when;
  command_stage to;
};

// By hand: what is changed in one place only is found.
const std::vector<expected> rows{
    {event::push_began, {stored}, given::always, pushing},
    {event::push_taken, {pushing, in_doubt}, given::always, queued},
    {event::push_refused, {pushing}, given::always, failed},
    {event::push_not_made, {pushing}, given::always, stored},
    {event::never_arrived, {pushing}, given::always, stored},
    {event::found_queued, {stored, pushing, in_doubt, replaced, cleared, no_word}, given::always, queued},
    {event::found_scheduled, untaken, given::always, queued},
    {event::cannot_be_known, {pushing}, given::always, in_doubt},
    {event::heard_queued, untaken, given::always, queued},
    {event::heard_sent, open, given::newer, sent},
    {event::heard_nack, open, given::newer, nacked},
    {event::heard_ack, open, given::always, acknowledged},
    {event::heard_end, open, given::always, failed},
    {event::heard_setback, untaken, given::always, queued},
    {event::heard_setback, believed_gone, given::newer, queued},
    {event::given_up, {stored}, given::always, failed},
    {event::timed_out, {stored}, given::always, expired},
    {event::called_off, {stored}, given::always, cancelled},
    {event::queue_cleared, {queued}, given::always, cleared},
    {event::queue_replaced, {queued}, given::always, replaced},
    {event::nothing_heard, {queued, nacked}, given::always, no_word},
    {event::nothing_heard, {sent}, given::confirmed, no_word},
};

bool is_true(given what, const command_circumstances& in) {
  return what == given::always || (what == given::confirmed && in.confirmed) ||
         (what == given::newer && in.newer);
}

// Every stage, event and circumstance there is.
TEST(command_transitions, are_those_written_here_and_no_others) {
  for (std::size_t i = 0; i < command_events; ++i)
    for (const auto from : all)
      for (const bool confirmed : {false, true})
        for (const bool newer : {false, true}) {
          const auto on = static_cast<event>(i);
          const command_circumstances in{confirmed, newer};
          std::optional<command_stage> to;
          for (const auto& row : rows)
            if (!to && row.on == on && std::count(row.from.begin(), row.from.end(), from) != 0 &&
                is_true(row.when, in))
              to = row.to;
          EXPECT_EQ(find_command_transition(from, on, in), to)
              << to_string(on) << " in " << to_string(from) << (confirmed ? ", confirmed" : "")
              << (newer ? "" : ", older");
        }
}

TEST(command_transitions, lead_from_no_end) {
  for (std::size_t i = 0; i < command_events; ++i)
    for (const auto end : {acknowledged, failed, expired, cancelled}) {
      EXPECT_TRUE(is_end(end));
      EXPECT_EQ(find_command_transition(end, static_cast<event>(i), {true, true}), std::nullopt);
    }
  EXPECT_EQ(std::count_if(all.begin(), all.end(), is_end), 4);
}

TEST(command_transitions, show_a_cleared_one_as_cancelled_and_all_others_as_they_are) {
  for (const auto stage : all) {
    auto shown = std::string{to_string(state_of(stage))};
    std::replace(shown.begin(), shown.end(), '_', ' ');
    EXPECT_EQ(shown, stage == cleared ? "cancelled" : to_string(stage));
  }
}

std::string table_as_text() {
  std::string text = "| Event | In | If | Becomes |\n|---|---|---|---|\n";
  for (const auto& row : command_rows()) {
    text.append("| ")
        .append(to_string(row.on))
        .append(" | ")
        .append(testing::words_of<command_stage>(row.from, command_stages))
        .append(" | ");
    text.append(to_string(row.when)).append(" | ").append(to_string(row.to)).append(" |\n");
  }
  return text;
}

TEST(command_transitions, the_page_says_the_same) {
  testing::expect_page_has("command-states.md", "command_transitions", table_as_text());
}

} // namespace
} // namespace causeway::core
