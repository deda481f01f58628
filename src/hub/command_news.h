// SPDX-License-Identifier: Apache-2.0
// What a connection tells of its devices' command links. Plain values.
#pragma once

#include "base/error.h"
#include "base/ids.h"
#include "model/hub_command.h"

#include <chrono>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

namespace causeway::hub {

struct c2d_given {
  device_ref device{};
  model::c2d_message what;
};
struct method_called {
  device_ref device{};
  model::method_call what;
};
// The device goes on, and its telemetry.
struct command_trouble {
  device_ref device{};
  std::string_view of; // "c2d", "methods"
  error why;
  // Its links are gone, and are attached anew after this. None: one message was malformed, and is refused.
  std::optional<std::chrono::milliseconds> pause;
};
using command_news = std::variant<c2d_given, method_called, command_trouble>;

} // namespace causeway::hub
