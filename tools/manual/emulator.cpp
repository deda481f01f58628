// SPDX-License-Identifier: Apache-2.0
#include "causeway_emulator/command_line.h"
#include "manual/pages.h"

namespace causeway::manual {

void show_emulator(const std::function<void(const CLI::App&)>& to) {
  show_emulator_options(to);
}

} // namespace causeway::manual
