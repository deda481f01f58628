// SPDX-License-Identifier: Apache-2.0
#include "core/queue_clearings.h"

#include "base/earliest.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

namespace causeway::core {

void queue_clearings::add(device_ref device, const device_key& of, std::uint32_t application,
                          clearing_told told, mono_time now) {
  const auto known =
      std::find_if(all_.begin(), all_.end(), [&](const auto& one) { return one.second.device == device; });
  if (known != all_.end()) return known->second.told.push_back(std::move(told));
  // No command's: those are hexadecimal.
  command_id id{"clearing-" + std::to_string(++last_)};
  all_.emplace(id, clearing{device, of, application, now + waits_for_its_turn, {}, {std::move(told)}});
  turns_.enter_first({std::move(id), device, application}, now);
}

bool queue_clearings::start(const command_id& which, moment now) {
  const auto found = all_.find(which);
  if (found == all_.end()) return false;
  found->second.began = now;
  stack_->empty_queue(which, found->second.of);
  return true;
}

std::optional<queue_clearings::leaving> queue_clearings::find(const command_id& which) const {
  const auto found = all_.find(which);
  if (found == all_.end() || !found->second.began) return std::nullopt;
  return leaving{found->second.device, found->second.began->mono};
}

std::optional<queue_clearings::ended> queue_clearings::on_outcome(const command_id& which,
                                                                  const push_outcome& what, mono_time now) {
  const auto found = all_.find(which);
  if (found == all_.end()) return std::nullopt;
  auto& one = found->second;
  if (what.pause.count() > 0) turns_.hold(one.application, now + what.pause);
  switch (what.how) {
  case push_end::taken:
  case push_end::refused:
    turns_.on_answer(one.device, true, now);
    break;
  case push_end::unanswered:
    // Nothing hangs on what became of it; what comes next waits as after any push without an answer.
    turns_.on_unanswered(one.device, now);
    turns_.on_known(one.device, true, now);
    break;
  case push_end::later:
    turns_.on_later(one.device, what.pause, now);
    one.began.reset();
    return std::nullopt;
  case push_end::not_made:
    turns_.on_not_made(one.device, now);
    one.began.reset();
    return std::nullopt;
  }
  ended made{std::move(one.of), one.began ? one.began->wall : wall_time{}, std::move(one.told)};
  all_.erase(found);
  return made;
}

void queue_clearings::give_up(clearings::iterator which, clearing_end why, mono_time now) {
  turns_.leave(which->second.device, which->first, now);
  const auto node = all_.extract(which);
  for (const auto& told : node.mapped().told)
    told({why, {}, {}, 0});
}

void queue_clearings::drop(device_ref device, clearing_end why, mono_time now) {
  for (auto at = all_.begin(); at != all_.end();)
    if (const auto one = at++; one->second.device == device && !one->second.began) give_up(one, why, now);
}

void queue_clearings::close(mono_time now) {
  for (auto at = all_.begin(); at != all_.end();)
    if (const auto one = at++; !one->second.began) give_up(one, clearing_end::closed, now);
}

void queue_clearings::tick(mono_time now) {
  for (auto at = all_.begin(); at != all_.end();)
    if (const auto one = at++; !one->second.began && one->second.overdue <= now)
      give_up(one, clearing_end::not_begun, now);
}

std::optional<mono_time> queue_clearings::deadline() const {
  std::optional<mono_time> first;
  for (const auto& [id, one] : all_)
    if (!one.began) first = earliest({first, one.overdue});
  return first;
}

void queue_clearings::add_devices(std::set<device_ref>& to) const {
  for (const auto& [id, one] : all_)
    if (one.began) to.insert(one.device);
}

} // namespace causeway::core
