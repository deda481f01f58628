// SPDX-License-Identifier: Apache-2.0
// The options of causeway-emulator (emulator/README.md).
#pragma once

#include "base/log.h"
#include "emulator/control/installation.h"

#include <functional>
#include <optional>

namespace CLI {
class App;
}

namespace causeway {

inline constexpr int wrong_usage = 2; // exit status

struct emulator_verb {
  emulator::emulator_options options;
  log::level level = log::level::info;
  bool print_only = false;
};

// Nothing when the program is to go on; else its exit status: help was printed, or what is wrong.
std::optional<int> read_command_line(int argc, char** argv, emulator_verb& into);

// All options, for the manual page and for shells' completion.
void show_emulator_options(const std::function<void(const CLI::App&)>& to);

} // namespace causeway
