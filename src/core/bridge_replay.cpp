// SPDX-License-Identifier: Apache-2.0
// Dead letters that are tried again.
#include "core/bridge.h"

#include "base/check.h"
#include "model/event_key.h"

#include <utility>

namespace causeway::core {

// The device, new where it is not known; nothing when it is not wanted, or there is no room for one more:
// then the ticket is answered.
std::optional<device_ref> bridge::replay_to(ticket which, const device_key& from, moment now) {
  const auto refuse = [&](answer what) {
    answer_now(which, what);
    return std::nullopt;
  };
  const auto application = rules_of(from.application);
  if (!application || !is_valid_tts_id(from.device.str())) return refuse(answer::unwanted);
  const auto& rules = rules_[*application];
  if (!rules.follows_registry && !rules.enabled_by_default) return refuse(answer::unwanted);
  if (formatting_.size() + appending_.size() + pending_copies_ >= options_.max_in_progress)
    return refuse(answer::full);
  if (const auto known = table_.find(*application, from.device.str())) {
    if (table_.at(*known).state == device_state::off) return refuse(answer::unwanted);
    return known;
  }
  if (const auto full = lacks_place(*application)) return refuse(*full);
  const auto ref =
      add(from, *application, rules.follows_registry ? device_state::unlisted : device_state::known, now);
  ports_.devices.save_device(record_of(ref, table_.at(ref)));
  return ref;
}

void bridge::replay(ticket which, std::uint64_t letter, const device_key& from, message what, moment now) {
  if (size_of(what) > max_message_bytes) return answer_now(which, answer::dead_lettered);
  const auto ref = replay_to(which, from, now);
  if (!ref) return;
  const amount leaves{1, size_of(what)};
  std::vector<message> one;
  one.push_back(std::move(what));
  store(which, {0, *ref, std::nullopt, {}, {}, letter}, std::move(one), now, leaves);
}

void bridge::replay(ticket which, std::uint64_t letter, model::event event, moment now) {
  const auto application = rules_of(event.from.application);
  if (!application || is_control_frame(event) ||
      !rules_[*application].events.test(static_cast<std::size_t>(event.kind)))
    return answer_now(which, answer::unwanted);
  const auto ref = replay_to(which, event.from, now);
  if (!ref) return;
  if (event.key && !pending_keys_.try_emplace({*ref, short_hash(*event.key)}).second)
    return answer_now(which, answer::unavailable);
  const auto [entry, fresh] = formatting_.emplace(which, in_progress{*ref, std::move(event), letter});
  CAUSEWAY_CHECK(fresh);
  ports_.formatter.format(which, entry->second.event, now);
}

} // namespace causeway::core
