// SPDX-License-Identifier: Apache-2.0
// The commands of causeway and their options.
#pragma once

#include <functional>
#include <optional>

namespace CLI {
class App;
}

namespace causeway {

inline constexpr int wrong_usage = 2; // exit status

// What to do; or its exit status when there is nothing to do: help was printed, or what is wrong.
struct asked_for {
  std::function<int()> verb;
  int status = 0;
};
asked_for read_command_line(int argc, char** argv);

// All commands and options, for the manual pages and for shells' completion.
void show_command_line(const std::function<void(const CLI::App&)>& to);

} // namespace causeway
