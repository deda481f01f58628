// SPDX-License-Identifier: Apache-2.0
// What is counted of commands. Plain values; monotonic since the start unless said so.
#pragma once

#include "base/clock.h"
#include "model/command.h"
#include "model/figure.h"

#include <array>
#include <cstdint>
#include <string_view>

namespace causeway::model {

inline constexpr std::size_t command_sources = 3;

// A place on a command's way, each reached once, if at all.
enum class command_leg : std::uint8_t {
  stored,       // it is durable
  pushed,       // The Things Stack has taken it
  sent,         // first heard of as sent
  acknowledged, // by the device
};
inline constexpr std::size_t command_legs = 4;
std::string_view to_string(command_leg which);

// Up to 1, 2, 5, … ms, 1 minute, 1 hour, and above: a device of class A may listen in hours.
inline constexpr std::array<std::uint32_t, 20> command_bounds_ms{
    1,    2,     5,      10,     20,     50,      100,       200,       500,        1'000,
    2000, 5'000, 10'000, 30'000, 60'000, 300'000, 1'800'000, 3'600'000, 21'600'000, 86'400'000};
struct command_latency {
  std::array<std::uint64_t, command_bounds_ms.size() + 1> counts{};
  std::uint64_t ms_sum = 0;
  void count(std::chrono::nanoseconds took);
};

struct command_totals {
  std::array<std::uint64_t, command_sources> received{}; // new ones, by source
  std::array<std::uint64_t, command_sources> refused{};  // by source
  std::uint64_t redelivered = 0;                         // of these that came again
  std::array<std::uint64_t, command_states> in_state{};  // now, by state
  std::uint64_t pushes = 0;                              // that have left
  std::uint64_t pushes_unanswered = 0;
  std::uint64_t pushes_under_way = 0; // now
  std::uint64_t clearings = 0;        // queues that the operator has had emptied
  std::uint64_t in_doubt = 0, no_word = 0;
  std::uint64_t reports = 0;
  std::uint64_t reports_left_out = 0;    // of attempts, for want of room
  std::uint64_t silent_applications = 0; // now: their pushes are taken, and nothing is heard of them
  std::uint64_t steps_elsewhere = 0;     // of a second item of one command: whoever has pushed it
  // From a message's coming to each leg, of those that came to this process. Histograms, which watch makes.
  std::array<command_latency, command_legs> latency{};
};

extern const figure_table<command_totals> command_figures;

} // namespace causeway::model
