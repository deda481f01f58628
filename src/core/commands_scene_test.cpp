// SPDX-License-Identifier: Apache-2.0
// The part of commands_scene that its users need not see.
#include "core/commands_scene.h"

#include "core/ledger.h"

namespace causeway::core::testing {

std::optional<command_state> state_in(const core::shard& of, const command_id& which) {
  const auto* const one = of.commands().book().find(which);
  return one == nullptr ? std::nullopt : std::optional{one->track.state()};
}

std::size_t commands_in(const core::shard& of) {
  return of.commands().book().size();
}

} // namespace causeway::core::testing
