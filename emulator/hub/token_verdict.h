// SPDX-License-Identifier: Apache-2.0
// How the hub judges a SAS token (azure-iot-wire.md A.2, B.2): by the token's own sr, never by the name that
// the client gives. Pure.
#pragma once

#include "base/clock.h"
#include "emulator/hub/identity_registry.h"
#include "emulator/hub/token_grants.h"

#include <optional>
#include <string>

namespace causeway::emulator {

struct token_verdict {
  int status = 200;
  std::string description = "OK";
  // With status 200: what the token opens, "/devices/dev-1", "/devices" or "" for the whole hub, and until
  // when.
  std::string path;
  std::optional<identity> device; // when it is for one
  token_rights rights{};
  wall_time expires{};
  bool expired = false; // why it is not 200
};

token_verdict judge_token(const identity_registry& registry, std::string_view token, wall_time now);

// Whether the device may be used at all: 200, 404 or, when it is disabled, 401.
token_verdict judge_device(const identity_registry& registry, const identity& device);

} // namespace causeway::emulator
