// SPDX-License-Identifier: Apache-2.0
#include "core/device_table.h"

#include "base/check.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

namespace causeway::core {
namespace {

constexpr std::size_t first_slots = 64;
constexpr std::size_t name_block_bytes = 64UL * 1024;

std::size_t hash_of(std::uint32_t application, std::string_view name) {
  return std::hash<std::string_view>{}(name) ^ application * 0x9e3779b97f4a7c15ULL;
}

} // namespace

// Where the device is, or the free slot where it belongs. Precondition: there are slots.
std::size_t device_table::slot_of(std::uint32_t application, std::string_view name) const {
  const auto mask = slots_.size() - 1;
  auto slot = hash_of(application, name) & mask;
  for (; slots_[slot] != 0; slot = (slot + 1) & mask) {
    const auto& d = place(slots_[slot] - 1);
    if (d.application == application && d.name() == name) break;
  }
  return slot;
}

void device_table::grow_slots(std::size_t devices) {
  auto slots = std::max(first_slots, slots_.size());
  while (devices * 4 > slots * 3)
    slots *= 2;
  if (slots == slots_.size()) return;
  slots_.assign(slots, 0);
  for_each([this](device_ref ref, const device& d) {
    slots_[slot_of(d.application, d.name())] = index_of(ref) + 1;
  });
}

std::optional<device_ref> device_table::find(std::uint32_t application, std::string_view name) const {
  if (slots_.empty()) return std::nullopt;
  const auto slot = slot_of(application, name);
  if (slots_[slot] == 0) return std::nullopt;
  return static_cast<device_ref>(slots_[slot] - 1);
}

device_ref device_table::add(std::uint32_t application, std::string_view name) {
  const auto ref = static_cast<device_ref>(places_);
  restore(ref, application, name);
  return ref;
}

void device_table::restore(device_ref ref, std::uint32_t application, std::string_view name) {
  CAUSEWAY_CHECK(application <= std::numeric_limits<std::uint16_t>::max());
  const auto index = index_of(ref);
  reserve(index + 1);
  auto& block = blocks_[index / block_devices];
  if (!block) block = std::make_unique<device[]>(block_devices);
  auto& d = place(index);
  CAUSEWAY_CHECK(!d.used);
  ++used_[index / block_devices];
  grow_slots(size_ + 1);
  d.kept_name = keep_name(name);
  d.application = static_cast<std::uint16_t>(application);
  d.used = true;
  ++size_;
  // Of two refs with one name the first is found.
  if (auto& slot = slots_[slot_of(application, name)]; slot == 0) slot = index + 1;
}

void device_table::reserve(std::uint32_t next_ref, std::size_t devices) {
  grow_slots(devices);
  if (next_ref <= places_) return;
  while (blocks_.size() * block_devices < next_ref)
    blocks_.emplace_back();
  used_.resize(blocks_.size());
  places_ = next_ref;
}

void device_table::remove(device_ref ref) {
  const auto index = index_of(ref);
  auto& d = at(ref);
  const auto mask = slots_.size() - 1;
  const auto home_of = [&](std::size_t slot) {
    const auto& other = place(slots_[slot] - 1);
    return hash_of(other.application, other.name()) & mask;
  };
  // Of two refs with one name only the first has a slot.
  if (auto hole = slot_of(d.application, d.name()); slots_[hole] == index + 1) {
    slots_[hole] = 0;
    // What stands behind it moves up, where it would not be found any more.
    for (auto slot = (hole + 1) & mask; slots_[slot] != 0; slot = (slot + 1) & mask) {
      if (((slot - home_of(slot)) & mask) < ((slot - hole) & mask)) continue;
      slots_[hole] = std::exchange(slots_[slot], 0);
      hole = slot;
    }
  }
  set_model(d, {});
  d = device{};
  --size_;
  if (--used_[index / block_devices] == 0) blocks_[index / block_devices].reset();
}

const char* device_table::keep_name(std::string_view name) {
  CAUSEWAY_CHECK(name.size() <= std::numeric_limits<std::uint16_t>::max());
  const auto length = static_cast<std::uint16_t>(name.size());
  const auto bytes = sizeof(length) + length;
  if (bytes > name_room_) {
    name_room_ = std::max(name_block_bytes, bytes);
    name_blocks_.push_back(std::make_unique<char[]>(name_room_));
    name_next_ = name_blocks_.back().get();
  }
  char* const kept = name_next_;
  std::memcpy(kept, &length, sizeof(length));
  std::copy(name.begin(), name.end(), kept + sizeof(length));
  name_next_ += bytes;
  name_room_ -= bytes;
  return kept;
}

std::uint32_t device_table::intern(const hub& h) {
  const auto found = std::find(hubs_.begin(), hubs_.end(), h);
  if (found != hubs_.end()) return static_cast<std::uint32_t>(found - hubs_.begin());
  hubs_.push_back(h);
  return static_cast<std::uint32_t>(hubs_.size() - 1);
}

void device_table::set_model(device& d, std::string_view model) {
  const auto before = d.model;
  d.model = models_.hold(model);
  models_.release(before);
}

} // namespace causeway::core
