// SPDX-License-Identifier: Apache-2.0
// Devices that wait for their turn within a quota: the urgent ones first; among equals the lanes
// (applications) take turns, within a lane its tracks (connections, so that none of them has to take all at
// once), and within a track whoever came first. Pure; one thread. O(1) each, but for the number of lanes and
// tracks.
#pragma once

#include "base/ids.h"

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <unordered_map>

namespace causeway {

class fair_queue {
public:
  // A device that waits already keeps its place, unless it has become urgent.
  void push(device_ref device, std::uint32_t lane, bool urgent, std::uint32_t track = 0);
  // It goes to the end of its track's urgent ones. False when it does not wait, or is urgent already.
  bool promote(device_ref device);
  // False when it does not wait.
  bool remove(device_ref device);
  std::optional<device_ref> pop();
  bool contains(device_ref device) const { return waiting_.contains(device); }
  bool empty() const { return waiting_.empty(); }
  std::size_t size() const { return waiting_.size(); }
  // What memory is spent on: those that wait, and as many again at most that were removed or promoted.
  std::size_t entries() const { return entries_; }

private:
  struct place {
    std::uint32_t lane, track;
    bool urgent;
    std::uint64_t number; // of the entry that counts; others of the device were left behind
  };
  struct entry {
    device_ref device{};
    std::uint64_t number;
  };
  // None of the parts is empty; they take turns.
  template <class Part>
  struct in_turns {
    std::map<std::uint32_t, Part> parts;
    std::uint32_t next = 0;
    bool empty() const { return parts.empty(); }
  };
  using lane_of_tracks = in_turns<std::deque<entry>>;
  using rank = in_turns<lane_of_tracks>;
  static entry take_first(std::deque<entry>& from);
  template <class Part>
  static entry take_first(in_turns<Part>& from);
  void enter(device_ref device, place at);
  bool counts(const entry& one) const;
  void compact();

  std::array<rank, 2> ranks_; // urgent, not urgent
  std::unordered_map<device_ref, place> waiting_;
  std::uint64_t numbers_ = 0;
  std::size_t entries_ = 0;
};

} // namespace causeway
