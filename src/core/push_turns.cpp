// SPDX-License-Identifier: Apache-2.0
#include "core/push_turns.h"

#include "base/backoff.h"
#include "base/check.h"
#include "base/earliest.h"

#include <algorithm>

namespace causeway::core {
namespace {

constexpr backoff_policy outage_pauses{milliseconds{500}, milliseconds{30'000}, 2.0, 0.0};
constexpr backoff_policy repeat_pauses{milliseconds{11'000}, milliseconds{600'000}, 2.0, 0.0};

} // namespace

push_turns::device_line& push_turns::busy_line(device_ref device) {
  const auto found = lines_.find(device);
  CAUSEWAY_CHECK(found != lines_.end() && found->second.current);
  return found->second;
}

push_turns::application_lane& push_turns::lane_of(std::uint32_t number, mono_time now) {
  return lanes_.try_emplace(number, application_lane{budget{options_.pace, now}, {}}).first->second;
}

void push_turns::enter(push_entry entry, mono_time now) {
  const auto device = entry.device;
  lines_[device].waiting.push_back(std::move(entry));
  offer(device, now);
}

void push_turns::enter_first(push_entry entry, mono_time now) {
  const auto device = entry.device;
  lines_[device].waiting.push_front(std::move(entry));
  offer(device, now);
}

bool push_turns::leave(device_ref device, const command_id& id, mono_time now) {
  const auto found = lines_.find(device);
  if (found == lines_.end()) return false;
  auto& waiting = found->second.waiting;
  const auto at =
      std::find_if(waiting.begin(), waiting.end(), [&](const push_entry& one) { return one.id == id; });
  if (at == waiting.end()) return false;
  if (at == waiting.begin()) found->second.repeats = 0;
  waiting.erase(at);
  offer(device, now); // the next may go where the first might not
  drop_if_idle(device, now);
  return true;
}

bool push_turns::is_held(device_ref device) const {
  const auto found = lines_.find(device);
  return found != lines_.end() && !found->second.is_kept && !found->second.waiting.empty() &&
         !has_next(found->second);
}

void push_turns::hold_no_more(device_ref device, mono_time now) {
  const auto found = lines_.find(device);
  if (found == lines_.end()) return;
  for (auto& one : found->second.waiting)
    one.waits = false;
  offer(device, now);
}

void push_turns::keep(device_ref device) {
  lines_[device].is_kept = true;
}

void push_turns::let_go(device_ref device, mono_time now) {
  const auto found = lines_.find(device);
  if (found == lines_.end()) return;
  found->second.is_kept = false;
  offer(device, now);
  drop_if_idle(device, now);
}

void push_turns::set_open(device_ref device, command_id id) {
  lines_[device].open = std::move(id);
}

void push_turns::set_standing(device_ref device, const command_id& id, bool stands, mono_time now) {
  const auto found = lines_.find(device);
  if (found == lines_.end() || found->second.open != id) return;
  found->second.open_stands = stands;
  offer(device, now);
}

bool push_turns::resume(push_entry entry, mono_time now) {
  auto& line = lines_[entry.device];
  if (line.current) return false;
  if (entry.opens) line.open = entry.id;
  line.not_before = now + options_.after_unanswered;
  line.current = std::move(entry);
  return true;
}

void push_turns::on_ended(device_ref device, const command_id& id, mono_time now) {
  const auto found = lines_.find(device);
  if (found == lines_.end() || found->second.open != id) return;
  found->second.open.reset();
  offer(device, now);
  drop_if_idle(device, now);
}

bool push_turns::has_next(const device_line& line) {
  if (line.is_kept || line.waiting.empty()) return false;
  const auto& first = line.waiting.front();
  return !first.waits || !line.open || (first.replaces && line.open_stands);
}

// To its lane, if its first may go; or to those that wait for a time.
void push_turns::offer(device_ref device, mono_time now) {
  auto& line = lines_.at(device);
  if (line.current || line.is_ready) return;
  if (now < line.not_before) {
    if (!line.is_timed) timed_.emplace(line.not_before, device);
    line.is_timed = true;
    return;
  }
  if (!has_next(line)) return;
  lane_of(line.waiting.front().lane, now).ready.push_back(device);
  line.is_ready = true;
}

void push_turns::drop_if_idle(device_ref device, mono_time now) {
  const auto found = lines_.find(device);
  const auto& line = found->second;
  if (line.waiting.empty() && !line.current && !line.open && !line.is_kept && !line.is_timed &&
      !line.is_ready && line.not_before <= now)
    lines_.erase(found);
}

void push_turns::wake(mono_time now) {
  while (!timed_.empty() && timed_.begin()->first <= now) {
    const auto device = timed_.begin()->second;
    timed_.erase(timed_.begin());
    lines_.at(device).is_timed = false;
    offer(device, now);
    drop_if_idle(device, now);
  }
}

push_entry push_turns::start(std::map<std::uint32_t, application_lane>::iterator at, mono_time now) {
  const auto device = at->second.ready.front();
  at->second.ready.pop_front();
  next_lane_ = at->first + 1;
  auto& line = lines_.at(device);
  line.is_ready = false;
  line.current = std::move(line.waiting.front());
  line.waiting.pop_front();
  if (line.current->opens) {
    line.open = line.current->id;
    line.open_stands = false;
  }
  line.sent_at = now;
  ++under_way_;
  return *line.current;
}

std::optional<push_entry> push_turns::next(mono_time now) {
  wake(now);
  if (under_way_ >= options_.most_under_way || now < held_until_) return std::nullopt;
  auto at = lanes_.lower_bound(next_lane_);
  for (std::size_t i = 0; i < lanes_.size(); ++i, ++at) {
    if (at == lanes_.end()) at = lanes_.begin();
    auto& one = at->second;
    // Those whose first has left since: they wait for another, or for nothing.
    while (!one.ready.empty()) {
      const auto device = one.ready.front();
      auto& line = lines_.at(device);
      if (has_next(line)) break;
      one.ready.pop_front();
      line.is_ready = false;
      drop_if_idle(device, now);
    }
    if (!one.ready.empty() && now >= one.held_until && one.pace.take(now)) return start(at, now);
  }
  return std::nullopt;
}

void push_turns::on_answer(device_ref device, bool taken, mono_time now) {
  auto& line = busy_line(device);
  --under_way_;
  not_made_ = 0;
  if (!taken && line.open == line.current->id) line.open.reset();
  line.current.reset();
  line.repeats = 0;
  offer(device, now);
  drop_if_idle(device, now);
}

void push_turns::put_back(device_line& line) {
  if (line.open == line.current->id) line.open.reset();
  line.waiting.push_front(std::move(*line.current));
  line.current.reset();
}

void push_turns::on_not_made(device_ref device, mono_time now) {
  auto& line = busy_line(device);
  --under_way_;
  // Those that were on their way together say it once.
  if (now >= held_until_) held_until_ = now + pause_after(outage_pauses, not_made_++, 0.5);
  put_back(line);
  offer(device, now);
}

void push_turns::on_later(device_ref device, milliseconds pause, mono_time now) {
  auto& line = busy_line(device);
  --under_way_;
  not_made_ = 0;
  lane_of(line.current->lane, now).pace.refused(line.sent_at, pause, now);
  put_back(line);
  offer(device, now);
}

void push_turns::on_unanswered(device_ref device, mono_time now) {
  auto& line = busy_line(device);
  --under_way_;
  not_made_ = 0;
  line.not_before = now + options_.after_unanswered;
}

void push_turns::on_known(device_ref device, bool arrived, mono_time now) {
  auto& line = busy_line(device);
  if (arrived) {
    line.current.reset();
    line.repeats = 0;
  } else {
    put_back(line);
    if (line.repeats != 0)
      line.not_before = std::max(line.not_before, now + pause_after(repeat_pauses, line.repeats - 1, 0.5));
    ++line.repeats;
  }
  offer(device, now);
  drop_if_idle(device, now);
}

void push_turns::hold(std::uint32_t lane, mono_time until) {
  const auto found = lanes_.find(lane);
  if (found != lanes_.end()) found->second.held_until = std::max(found->second.held_until, until);
}

std::optional<mono_time> push_turns::deadline(mono_time now) const {
  if (under_way_ >= options_.most_under_way) return std::nullopt;
  std::optional<mono_time> first;
  if (!timed_.empty()) first = timed_.begin()->first;
  for (const auto& [number, one] : lanes_)
    if (!one.ready.empty()) first = earliest({first, std::max(one.held_until, one.pace.next(now))});
  return first ? std::optional{std::max(*first, held_until_)} : std::nullopt;
}

} // namespace causeway::core
