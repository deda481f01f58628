// SPDX-License-Identifier: Apache-2.0
// What a connection tells of its devices' command links. Plain values.
#pragma once

#include "base/clock.h"
#include "base/error.h"
#include "base/ids.h"
#include "base/result.h"
#include "model/hub_command.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
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
// What a device asks its hub about its twin: to be told of changes, the whole of it, to take a report.
enum class twin_request : std::uint8_t { subscribe, read, report };

// The links of its twin are there: it is to subscribe.
struct twin_linked {
  device_ref device{};
};
struct twin_changed {
  device_ref device{};
  std::string patch;
};
struct twin_answered {
  device_ref device{};
  twin_request what{};
  mono_time asked{};           // when it was
  result<std::string> outcome; // of a read the document; of the others empty
};
// The device goes on, and its telemetry.
struct command_trouble {
  device_ref device{};
  std::string_view of; // "c2d", "methods", "twin"
  error why;
  // Its links are gone, and are attached anew after this. None: one message was malformed, and is refused.
  std::optional<std::chrono::milliseconds> pause;
};
using command_news =
    std::variant<c2d_given, method_called, twin_linked, twin_changed, twin_answered, command_trouble>;

} // namespace causeway::hub
