// SPDX-License-Identifier: Apache-2.0
#include "core/command_times.h"

namespace causeway::core {

void command_times::reach(command_entry& one, command_leg which, mono_time now) {
  const auto bit = static_cast<std::uint8_t>(1U << static_cast<unsigned>(which));
  if (!one.times.received || (one.times.reached & bit) != 0) return;
  one.times.reached |= bit;
  totals_.latency[static_cast<std::size_t>(which)].count(now - *one.times.received);
}

void command_times::on_moved(command_entry& one, mono_time now) {
  using enum command_stage;
  const auto to = one.track.stage();
  if (to == queued || to == sent || to == nacked || to == acknowledged) reach(one, command_leg::pushed, now);
  if (to == sent) reach(one, command_leg::sent, now);
  if (to == acknowledged) reach(one, command_leg::acknowledged, now);
}

} // namespace causeway::core
