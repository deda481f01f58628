// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace causeway::manual {

// The emulator's, in a file of its own: both programs have a command_line.h.
void show_emulator(const std::function<void(const CLI::App&)>& to);

} // namespace causeway::manual
