// SPDX-License-Identifier: Apache-2.0
// Devices that wait for their turn within a quota: the urgent ones first; among equals the lanes
// (applications) take turns, and within a lane whoever came first. Pure; one thread. O(1) each, but for the
// number of lanes.
#pragma once

#include "base/ids.h"

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <unordered_map>

namespace causeway::egress {

class fair_queue {
public:
  // A device that waits already keeps its place, unless it has become urgent.
  void push(device_ref device, std::uint32_t lane, bool urgent);
  // It goes to the end of its lane's urgent ones. False when it does not wait, or is urgent already.
  bool promote(device_ref device);
  // False when it does not wait.
  bool remove(device_ref device);
  std::optional<device_ref> pop();
  bool contains(device_ref device) const { return waiting_.contains(index_of(device)); }
  bool empty() const { return waiting_.empty(); }
  std::size_t size() const { return waiting_.size(); }

private:
  struct place {
    std::uint32_t lane;
    bool urgent;
    std::uint64_t number; // of the entry that counts; others of the device were left behind
  };
  struct entry {
    device_ref device{};
    std::uint64_t number;
  };
  struct rank {
    std::map<std::uint32_t, std::deque<entry>> lanes; // none of them empty
    std::uint32_t next_lane = 0;
  };
  void enter(device_ref device, place at);
  std::optional<device_ref> pop_from(rank& from);

  std::array<rank, 2> ranks_; // urgent, not urgent
  std::unordered_map<std::uint32_t, place> waiting_;
  std::uint64_t numbers_ = 0;
};

} // namespace causeway::egress
