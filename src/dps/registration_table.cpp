// SPDX-License-Identifier: Apache-2.0
#include "dps/registration_table.h"

namespace causeway::dps {

candidate* registration_table::find(std::uint64_t number) {
  const auto found = candidates_.find(number);
  return found == candidates_.end() ? nullptr : &found->second;
}

candidate* registration_table::find(device_ref device) {
  const auto known = by_device_.find(device);
  return known == by_device_.end() ? nullptr : &candidates_.at(known->second);
}

const candidate* registration_table::find(device_ref device) const {
  const auto known = by_device_.find(device);
  return known == by_device_.end() ? nullptr : &candidates_.at(known->second);
}

candidate& registration_table::join(device_ref device, const registration_id& id) {
  const auto [place, is_new] = by_id_.try_emplace(id, numbers_ + 1);
  auto& joined = candidates_[place->second];
  by_device_[device] = place->second;
  joined.devices.push_back(device);
  if (is_new) {
    joined.number = ++numbers_;
    joined.id = id;
  }
  return joined;
}

candidate* registration_table::leave(device_ref device) {
  const auto known = by_device_.find(device);
  if (known == by_device_.end()) return nullptr;
  auto& left = candidates_.at(known->second);
  by_device_.erase(known);
  std::erase(left.devices, device);
  return &left;
}

void registration_table::forget(const candidate& which) {
  const auto number = which.number;
  by_id_.erase(which.id);
  for (const auto device : which.devices)
    by_device_.erase(device);
  candidates_.erase(number);
}

} // namespace causeway::dps
