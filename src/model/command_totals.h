// SPDX-License-Identifier: Apache-2.0
// What is counted of commands. Plain values; monotonic since the start unless said so.
#pragma once

#include "model/command.h"
#include "model/figure.h"

#include <array>
#include <cstdint>

namespace causeway::model {

inline constexpr std::size_t command_sources = 3;

struct command_totals {
  std::array<std::uint64_t, command_sources> received{}; // new ones, by source
  std::array<std::uint64_t, command_sources> refused{};  // by source
  std::uint64_t redelivered = 0;                         // of these that came again
  std::array<std::uint64_t, command_states> in_state{};  // now, by state
  std::uint64_t pushes = 0;                              // that have left
  std::uint64_t pushes_unanswered = 0;
  std::uint64_t reports = 0;
  std::uint64_t steps_elsewhere = 0; // of a second item of one command: whoever has pushed it
};

extern const figure_table<command_totals> command_figures;

} // namespace causeway::model
