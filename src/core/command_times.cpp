// SPDX-License-Identifier: Apache-2.0
#include "core/command_times.h"

namespace causeway::core {

void command_times::reach(command_entry& one, command_leg which, mono_time now) {
  const auto bit = static_cast<std::uint8_t>(1U << static_cast<unsigned>(which));
  if ((one.times.reached & bit) != 0) return;
  one.times.reached |= bit;
  totals_.latency[static_cast<std::size_t>(which)].count(now - *one.times.received);
}

void command_times::note(command_entry& one, model::phase what, std::optional<device_ref> device,
                         std::optional<errc> fault, mono_time now) {
  if (spans_ != nullptr && device)
    spans_->note({one.times.since, now - one.times.since, *device, 0, what, fault});
  one.times.since = now;
}

void command_times::on_stored(command_entry& one, std::optional<device_ref> device, mono_time now) {
  if (!one.times.received) return;
  reach(one, command_leg::stored, now);
  note(one, phase::command_store, device, {}, now);
}

void command_times::on_push(command_entry& one, device_ref device, mono_time now) {
  if (one.times.received) note(one, phase::command_turn, device, {}, now);
}

void command_times::on_moved(command_entry& one, command_stage from, std::optional<device_ref> device,
                             mono_time now) {
  using enum command_stage;
  if (!one.times.received) return;
  const auto to = one.track.stage();
  const bool has_failed = to == failed;
  if (to == queued || to == sent || to == nacked || to == acknowledged) reach(one, command_leg::pushed, now);
  if (from == pushing && to != stored && to != in_doubt) {
    note(one, phase::command_push, device, has_failed ? std::optional{errc::downlink_refused} : std::nullopt,
         now);
  } else if (from == queued && (has_failed || to == sent)) {
    note(one, phase::command_send, device, has_failed ? std::optional{errc::downlink_refused} : std::nullopt,
         now);
  } else if (to == acknowledged) {
    note(one, phase::command_ack, device, {}, now);
  } else if (to == stored) {
    one.times.since = now; // it waits for its turn again
  }
  if (to == sent) reach(one, command_leg::sent, now);
  if (to == acknowledged) reach(one, command_leg::acknowledged, now);
}

} // namespace causeway::core
