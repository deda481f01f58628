// SPDX-License-Identifier: Apache-2.0
#include "core/device_table.h"

#include "base/check.h"

#include <algorithm>

namespace causeway::core {

std::string_view to_string(device_state state) {
  switch (state) {
  case device_state::known:
    return "known";
  case device_state::provisioning:
    return "provisioning";
  case device_state::attaching:
    return "attaching";
  case device_state::online:
    return "online";
  case device_state::parked:
    return "parked";
  }
  return "unknown";
}

bool recent_keys::contains(std::uint64_t hash) const {
  const auto filled = hashes_.begin() + std::min<std::ptrdiff_t>(count_, size);
  return std::find(hashes_.begin(), filled, hash) != filled;
}

void recent_keys::add(std::uint64_t hash) {
  hashes_[count_ % size] = hash;
  ++count_;
}

std::size_t device_table::key_hash::operator()(const device_key& key) const noexcept {
  const std::hash<std::string> hash;
  return hash(key.application.str()) * 31 + hash(key.device.str());
}

std::optional<device_ref> device_table::find(const device_key& key) const {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return std::nullopt;
  return static_cast<device_ref>(found->second);
}

device_ref device_table::add(const device_key& key, std::uint32_t application) {
  const auto ref = static_cast<device_ref>(devices_.size());
  restore(ref, key, application);
  return ref;
}

void device_table::restore(device_ref ref, const device_key& key, std::uint32_t application) {
  const auto index = index_of(ref);
  if (index >= devices_.size()) {
    devices_.resize(index + 1);
    used_.resize(index + 1, false);
  }
  CAUSEWAY_CHECK(!used_[index]);
  used_[index] = true;
  devices_[index].id = key.device;
  devices_[index].application = application;
  by_key_.emplace(key, index);
}

void device_table::reserve(std::uint32_t next_ref) {
  if (next_ref <= devices_.size()) return;
  devices_.resize(next_ref);
  used_.resize(next_ref, false);
}

std::uint32_t device_table::intern(const hub& h) {
  const auto found = std::find(hubs_.begin(), hubs_.end(), h);
  if (found != hubs_.end()) return static_cast<std::uint32_t>(found - hubs_.begin());
  hubs_.push_back(h);
  return static_cast<std::uint32_t>(hubs_.size() - 1);
}

} // namespace causeway::core
