// SPDX-License-Identifier: Apache-2.0
#include "egress/fair_queue.h"

namespace causeway::egress {

void fair_queue::enter(device_ref device, place at) {
  at.number = ++numbers_;
  waiting_.insert_or_assign(index_of(device), at);
  ranks_[at.urgent ? 0 : 1].lanes[at.lane].push_back({device, at.number});
}

void fair_queue::push(device_ref device, std::uint32_t lane, bool urgent) {
  const auto known = waiting_.find(index_of(device));
  if (known == waiting_.end()) return enter(device, {lane, urgent, 0});
  if (urgent) promote(device);
}

bool fair_queue::promote(device_ref device) {
  const auto known = waiting_.find(index_of(device));
  if (known == waiting_.end() || known->second.urgent) return false;
  enter(device, {known->second.lane, true, 0});
  return true;
}

bool fair_queue::remove(device_ref device) {
  return waiting_.erase(index_of(device)) != 0;
}

std::optional<device_ref> fair_queue::pop_from(rank& from) {
  while (!from.lanes.empty()) {
    auto lane = from.lanes.lower_bound(from.next_lane);
    if (lane == from.lanes.end()) lane = from.lanes.begin();
    const auto first = lane->second.front();
    lane->second.pop_front();
    const auto number = lane->first;
    if (lane->second.empty()) from.lanes.erase(lane);
    const auto known = waiting_.find(index_of(first.device));
    if (known == waiting_.end() || known->second.number != first.number) continue; // left behind
    from.next_lane = number + 1;
    waiting_.erase(known);
    return first.device;
  }
  return std::nullopt;
}

std::optional<device_ref> fair_queue::pop() {
  for (auto& one : ranks_)
    if (const auto device = pop_from(one)) return device;
  return std::nullopt;
}

} // namespace causeway::egress
