// SPDX-License-Identifier: Apache-2.0
// The commands of causeway and their options.
#pragma once

#include <functional>
#include <optional>

namespace causeway {

inline constexpr int wrong_usage = 2; // exit status

// What to do; or its exit status when there is nothing to do: help was printed, or what is wrong.
struct asked_for {
  std::function<int()> verb;
  int status = 0;
};
asked_for read_command_line(int argc, char** argv);

} // namespace causeway
