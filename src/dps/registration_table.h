// SPDX-License-Identifier: Apache-2.0
// The registrations of one DPS, by number, by device and by id. Devices of one registration id share a
// registration. A number is never used again, so what is late finds nothing. Pure; one thread.
#pragma once

#include "base/clock.h"
#include "base/ids.h"
#include "dps/registration.h"

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace causeway::dps {

// A registration that has not ended, and who wants it.
struct candidate {
  std::uint64_t number = 0;
  registration_id id;
  std::string model_id;
  std::vector<device_ref> devices; // the first one stands in the queue
  std::uint32_t lane = 0;
  bool urgent = false;
  bool ready = false;                     // the agenda's: its step is due and waits for the quota
  mono_time since{};                      // of the phase it is in
  mono_time scheduled = mono_time::max(); // the agenda's: the one item that counts
  std::optional<registration> machine{};  // from its turn on
};

class registration_table {
public:
  candidate* find(std::uint64_t number);
  // The device's; nullptr: it has none.
  candidate* find(device_ref device);
  const candidate* find(device_ref device) const;

  // The device's from now on: the id's own, or a new one, which has this device alone. Precondition: it has
  // none.
  candidate& join(device_ref device, const registration_id& id);
  // The device has none any more. Gives the one that it had, without it; nullptr: it had none.
  candidate* leave(device_ref device);
  // It has ended, for all of its devices.
  void forget(const candidate& which);

  std::size_t size() const { return candidates_.size(); }
  std::size_t devices() const { return by_device_.size(); }

private:
  std::unordered_map<std::uint64_t, candidate> candidates_;
  std::unordered_map<device_ref, std::uint64_t> by_device_;
  std::unordered_map<registration_id, std::uint64_t> by_id_;
  std::uint64_t numbers_ = 0;
};

} // namespace causeway::dps
