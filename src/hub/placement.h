// SPDX-License-Identifier: Apache-2.0
// Which of a hub's connections a device belongs to. Deterministic: the same calls give the same places. Pure;
// one thread.
//
// A hub is reported to count every device that was ever authorised on a connection, present or not, and to
// refuse more than about 1,000 (limits-and-lessons.md, users' threads 28 and 29). So places are given for the
// connection's lifetime: one that has used up its tokens takes no new devices until it has been opened anew.
#pragma once

#include "base/ids.h"

#include <cstdint>
#include <optional>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace causeway::hub {

struct placement_options {
  std::uint32_t devices_per_connection = 900;
  // Devices that one connection may authorise over its life; the largest number where one policy token serves
  // all.
  std::uint32_t tokens_per_connection = 995;
};

class placement {
public:
  explicit placement(placement_options options = {}) : options_{options} {}

  // The device's connection, counted from 0: the one it has, or the first with room, or a new one at the end.
  // A device keeps its place when its connection is lost.
  std::uint32_t place(device_ref device);
  std::optional<std::uint32_t> find(device_ref device) const;
  // The place is free again, its token is not. False: the device had none.
  bool remove(device_ref device);

  // The peer's OPEN allows this many devices only. Those placed last lose their places and are returned,
  // oldest first, for the caller to place again. A larger number than the options' has no effect.
  std::vector<device_ref> limit(std::uint32_t connection, std::uint32_t devices);
  // The hub has said that it counts differently: from now on no connection gets more than this many tokens,
  // one at least. Those that have more keep what they have. A larger number than the present one has no
  // effect.
  void lower_tokens(std::uint32_t most);
  // The connection is opened anew: the hub counts from 0, and the devices placed here will be authorised
  // again.
  void reopened(std::uint32_t connection);

  std::uint32_t tokens_per_connection() const { return options_.tokens_per_connection; }
  std::uint32_t connections() const { return static_cast<std::uint32_t>(connections_.size()); }
  std::uint32_t devices(std::uint32_t connection) const;
  // Placed here since it was last opened.
  std::uint32_t authorised(std::uint32_t connection) const;
  // It takes no new devices although it has room: opening it anew (rotation) would give the room back.
  bool spent(std::uint32_t connection) const;
  // It takes no new devices until it is opened anew: the hub has said that its tokens are used up, or its
  // devices are being moved away for that.
  void retire(std::uint32_t connection);
  const std::vector<device_ref>& members(std::uint32_t connection) const;

private:
  struct connection_state {
    std::vector<device_ref> members;
    std::uint32_t cap = 0;
    std::unordered_set<device_ref> authorised; // different devices since it was last opened
    bool retired = false;
  };
  struct place_of {
    std::uint32_t connection;
    std::uint32_t position; // in members
  };
  void note_room(std::uint32_t connection);

  placement_options options_;
  std::vector<connection_state> connections_;
  std::unordered_map<device_ref, place_of> places_;
  std::set<std::uint32_t> with_room_;
};

} // namespace causeway::hub
