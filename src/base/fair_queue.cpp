// SPDX-License-Identifier: Apache-2.0
#include "base/fair_queue.h"

namespace causeway {

fair_queue::entry fair_queue::take_first(std::deque<entry>& from) {
  const auto first = from.front();
  from.pop_front();
  return first;
}

template <class Part>
fair_queue::entry fair_queue::take_first(in_turns<Part>& from) {
  auto turn = from.parts.lower_bound(from.next);
  if (turn == from.parts.end()) turn = from.parts.begin();
  from.next = turn->first + 1;
  const auto first = take_first(turn->second);
  if (turn->second.empty()) from.parts.erase(turn);
  return first;
}

void fair_queue::enter(device_ref device, place at) {
  if (entries_ > 2 * waiting_.size() + 1'024) compact();
  at.number = ++numbers_;
  ++entries_;
  waiting_.insert_or_assign(device, at);
  ranks_[at.urgent ? 0 : 1].parts[at.lane].parts[at.track].push_back({device, at.number});
}

// False: it was left behind.
bool fair_queue::counts(const entry& one) const {
  const auto known = waiting_.find(one.device);
  return known != waiting_.end() && known->second.number == one.number;
}

void fair_queue::compact() {
  entries_ = 0;
  for (auto& one : ranks_)
    for (auto lane = one.parts.begin(); lane != one.parts.end();) {
      auto& tracks = lane->second.parts;
      for (auto track = tracks.begin(); track != tracks.end();) {
        std::erase_if(track->second, [this](const entry& waiting) { return !counts(waiting); });
        entries_ += track->second.size();
        track = track->second.empty() ? tracks.erase(track) : std::next(track);
      }
      lane = tracks.empty() ? one.parts.erase(lane) : std::next(lane);
    }
}

void fair_queue::push(device_ref device, std::uint32_t lane, bool urgent, std::uint32_t track) {
  const auto known = waiting_.find(device);
  if (known == waiting_.end()) return enter(device, {lane, track, urgent, 0});
  if (urgent) promote(device);
}

bool fair_queue::promote(device_ref device) {
  const auto known = waiting_.find(device);
  if (known == waiting_.end() || known->second.urgent) return false;
  enter(device, {known->second.lane, known->second.track, true, 0});
  return true;
}

bool fair_queue::remove(device_ref device) {
  return waiting_.erase(device) != 0;
}

std::optional<device_ref> fair_queue::pop() {
  for (auto& one : ranks_) {
    while (!one.empty()) {
      const auto first = take_first(one);
      --entries_;
      if (!counts(first)) continue;
      waiting_.erase(first.device);
      return first.device;
    }
  }
  return std::nullopt;
}

} // namespace causeway
