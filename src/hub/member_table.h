// SPDX-License-Identifier: Apache-2.0
// The devices of all hubs, by their ref (a former holder of its place is not there), and who has which
// identity of which hub: two devices with one identity would take each other's link for ever. Pure; one
// thread.
#pragma once

#include "base/clock.h"
#include "base/ids.h"
#include "base/shared_texts.h"

#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>
#include <vector>

namespace causeway::hub {

class fleet;

struct member {
  enum class stage : std::uint8_t {
    absent,
    placed,   // its line is not open
    queued,   // waits for the budget of connects
    released, // on its way
    attached,
  };
  fleet* hub = nullptr; // none: no such device
  causeway::identity identity;
  device_ref device{};
  std::uint32_t model = 0; // as held by the table
  std::uint32_t lane = 0;
  stage at = stage::absent;
  bool commands : 1 = false, methods : 1 = false, twin : 1 = false, urgent : 1 = false, sending : 1 = false;
  mono_time since{};    // placed or queued: since when
  mono_time taken_at{}; // from the budget: of connects while released, of sends while sending
};

class member_table {
public:
  member* find(device_ref device);
  const member* find(device_ref device) const;
  // Precondition: it has been added.
  member& at(device_ref device);
  const member& at(device_ref device) const;

  // Nullptr: another device has this identity of this hub. Precondition: nobody is at its place.
  member* add(device_ref device, fleet& hub, const hub_host& where, const identity& name,
              const std::string& model_id);
  // Its identity is free for another device. Precondition: it has been added, with this hub.
  void remove(device_ref device, const hub_host& where);

  // All of a fleet.
  std::vector<device_ref> of(const fleet& hub) const;

  const std::string& model_of(const member& who) const { return models_.at(who.model); }
  std::size_t models() const { return models_.size(); }

private:
  std::deque<member> members_; // by place
  shared_texts models_;
  std::unordered_map<std::uint64_t, device_ref> owners_; // by a hash of hub and identity
};

} // namespace causeway::hub
