// SPDX-License-Identifier: Apache-2.0
#include "emulator/stack/registered_devices.h"

#include <algorithm>

namespace causeway::emulator {

void registered_devices::load(std::vector<std::string> ids, wall_time first_created) {
  clear();
  by_id_.reserve(ids.size());
  for (auto& id : ids) {
    auto made = std::make_unique<registered_device>();
    made->sequence = ++last_sequence_;
    made->created = made->updated = first_created + milliseconds{made->sequence - 1};
    made->id = std::move(id);
    by_id_.push_back(std::move(made));
  }
  std::stable_sort(by_id_.begin(), by_id_.end(),
                   [](const owned& a, const owned& b) { return a->id < b->id; });
  by_id_.erase(std::unique(by_id_.begin(), by_id_.end(),
                           [](const owned& a, const owned& b) { return a->id == b->id; }),
               by_id_.end());
  by_creation_.reserve(by_id_.size());
  for (const auto& each : by_id_)
    by_creation_.push_back(each.get());
  std::sort(by_creation_.begin(), by_creation_.end(),
            [](const auto* a, const auto* b) { return a->sequence < b->sequence; });
}

std::vector<registered_devices::owned>::const_iterator
registered_devices::place_of(std::string_view id) const {
  return std::lower_bound(by_id_.begin(), by_id_.end(), id,
                          [](const owned& each, std::string_view wanted) { return each->id < wanted; });
}

const registered_device* registered_devices::find(std::string_view id) const {
  const auto place = place_of(id);
  return place == by_id_.end() || (*place)->id != id ? nullptr : place->get();
}

registered_device* registered_devices::find(std::string_view id) {
  const auto place = place_of(id);
  return place == by_id_.end() || (*place)->id != id ? nullptr : place->get();
}

registered_device& registered_devices::insert(std::string id, wall_time now) {
  auto made = std::make_unique<registered_device>();
  auto& device = *made;
  device.id = std::move(id);
  device.created = device.updated = now;
  device.sequence = ++last_sequence_;
  by_id_.insert(place_of(device.id), std::move(made));
  by_creation_.push_back(&device);
  return device;
}

bool registered_devices::remove(std::string_view id) {
  const auto place = place_of(id);
  if (place == by_id_.end() || (*place)->id != id) return false;
  by_creation_.erase(
      std::lower_bound(by_creation_.begin(), by_creation_.end(), (*place)->sequence,
                       [](const auto* each, std::uint64_t wanted) { return each->sequence < wanted; }));
  by_id_.erase(place);
  return true;
}

void registered_devices::clear() {
  by_creation_.clear();
  by_id_.clear();
}

const registered_device& registered_devices::at(device_order order, std::size_t index) const {
  switch (order) {
  case device_order::id:
    break;
  case device_order::id_descending:
    return *by_id_[by_id_.size() - 1 - index];
  case device_order::created:
    return *by_creation_[index];
  case device_order::created_descending:
    return *by_creation_[by_creation_.size() - 1 - index];
  }
  return *by_id_[index];
}

} // namespace causeway::emulator
