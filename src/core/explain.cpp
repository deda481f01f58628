// SPDX-License-Identifier: Apache-2.0
#include "core/explain.h"

#include <algorithm>

namespace causeway::core {
namespace {

std::string messages(std::uint32_t count) {
  return std::to_string(count) + (count == 1 ? " message" : " messages");
}

// ": the hub has the device disabled (detail)".
std::string reason_of(const device_status& of) {
  if (!of.reason) return {};
  std::string text = ": ";
  text += describe(*of.reason).text;
  if (!of.reason_detail.empty()) text += " (" + of.reason_detail + ")";
  return text;
}

std::string next_try_of(const device_status& of, moment now) {
  if (of.next_try <= now.mono) return "; next try at any moment";
  return "; next try in " + in_words(of.next_try - now.mono);
}

// What the way to the hub, or to DPS, meets now.
std::string progress_of(const device_status& of, moment now) {
  std::string text;
  if (!of.waits_for.empty()) text += "; waiting for " + of.waits_for;
  if (!of.waits_for.empty() && of.waits_since != mono_time{})
    text += " since " + in_words(std::max(now.mono - of.waits_since, mono_time::duration{}));
  if (!of.reason) return text;
  text += "; the last try: ";
  text += describe(*of.reason).text;
  if (!of.reason_detail.empty()) text += " (" + of.reason_detail + ")";
  if (of.next_try > now.mono) text += "; next try in " + in_words(of.next_try - now.mono);
  return text;
}

std::string since_of(const device_status& of, moment now) {
  return ", for " + in_words(std::max(now.mono - of.since, mono_time::duration{}));
}

std::string waiting_of(const device_status& of) {
  if (of.waiting == 0) return {};
  return "; " + messages(of.waiting) + (of.waiting == 1 ? " waits for it" : " wait for it");
}

std::string grace_of(const device_status& of) {
  if (!of.grace_left) return {};
  return std::string{of.waiting == 1 ? ", and is a dead letter" : ", the oldest of which is a dead letter"} +
         " in " + in_words(*of.grace_left);
}

std::string body_of(const device_status& of, moment now) {
  switch (of.state) {
  case device_state::known:
    return "is known, and is connected when it sends something";
  case device_state::provisioning:
    if (!of.hub.empty())
      return "was refused by " + of.hub.str() + ", and DPS is asked whether it has another hub" +
             since_of(of, now) + progress_of(of, now) + waiting_of(of);
    return "waits for its hub to be found" + since_of(of, now) + progress_of(of, now) + waiting_of(of);
  case device_state::attaching:
    return "waits for " + of.hub.str() + " to take it" + since_of(of, now) + progress_of(of, now) +
           waiting_of(of);
  case device_state::online:
    if (of.paused)
      return "is online, but its last message was refused for now" + reason_of(of) + next_try_of(of, now) +
             waiting_of(of);
    if (of.gated)
      return "is online, but " + of.hub.str() +
             " refuses the messages of its application for a reason that is not in the catalogue; one is "
             "tried "
             "now and then" +
             waiting_of(of);
    return "is online at " + of.hub.str() + since_of(of, now) + progress_of(of, now) + waiting_of(of);
  case device_state::parked:
    return "is parked" + reason_of(of) + next_try_of(of, now) + waiting_of(of) + grace_of(of);
  case device_state::unlisted:
    if (of.looking_up)
      return "is in no list of The Things Stack's registry, which is being asked for it" + since_of(of, now) +
             waiting_of(of);
    return "waits for The Things Stack's registry to name it" + since_of(of, now) + waiting_of(of);
  case device_state::off:
    if (of.reason) return "is detached" + reason_of(of) + waiting_of(of) + grace_of(of);
    if (of.integration)
      return "is switched off in The Things Stack by its attribute azureintegration" + waiting_of(of) +
             grace_of(of);
    return "is switched off: its application connects only devices whose attribute azureintegration says so" +
           waiting_of(of) + grace_of(of);
  case device_state::removed:
    return "was deleted in The Things Stack; an event of it is a reason to ask again";
  }
  return "is in a state that this version does not know";
}

} // namespace

std::string in_words(std::chrono::nanoseconds span) {
  const auto all = std::chrono::ceil<seconds>(span).count();
  if (all <= 0) return "now";
  if (all < 120) return std::to_string(all) + " s";
  const auto minutes = (all + 30) / 60;
  if (minutes < 120) return std::to_string(minutes) + " min";
  const auto two = [](std::int64_t large, const char* large_unit, std::int64_t small,
                      const char* small_unit) {
    std::string text = std::to_string(large) + large_unit;
    if (small != 0) text += " " + std::to_string(small) + small_unit;
    return text;
  };
  if (minutes < 48 * 60) return two(minutes / 60, " h", minutes % 60, " min");
  return two(minutes / 1440, " d", minutes % 1440 / 60, " h");
}

std::string explain(const device_status& of, moment now) {
  return of.key.device.str() + " " + body_of(of, now) + ".";
}

} // namespace causeway::core
