// SPDX-License-Identifier: Apache-2.0
#include "core/device_table.h"

#include "base/check.h"
#include "core/name_blocks.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace causeway::core {
namespace {

constexpr std::size_t first_slots = 64;

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

device_table::device_table(std::size_t least_free)
    : least_free_{least_free}, names_{std::make_unique<name_blocks>()} {}

device_table::~device_table() = default;

std::size_t device_table::name_bytes() const {
  return names_->bytes();
}

std::optional<device_ref> device_table::find(std::uint32_t application, std::string_view name) const {
  if (slots_.empty()) return std::nullopt;
  const auto slot = slot_of(application, name);
  if (slots_[slot] == 0) return std::nullopt;
  return at_place(slots_[slot] - 1);
}

device_ref device_table::add(std::uint32_t application, std::string_view name) {
  CAUSEWAY_CHECK(!is_full());
  auto index = places_;
  if (free_.size() >= least_free_ || places_ == most_places) {
    index = free_.front();
    free_.pop_front();
  }
  put(index, application, name);
  return make_ref(index, generations_[index]);
}

void device_table::restore(device_ref ref, std::uint32_t application, std::string_view name) {
  CAUSEWAY_CHECK(generation_of(ref) == 0);
  put(index_of(ref), application, name);
}

void device_table::put(std::uint32_t index, std::uint32_t application, std::string_view name) {
  CAUSEWAY_CHECK(application <= std::numeric_limits<std::uint16_t>::max());
  reserve(index + 1);
  auto& block = blocks_[index / block_devices];
  if (!block) block = std::make_unique<device[]>(block_devices);
  auto& d = place(index);
  CAUSEWAY_CHECK(!d.used);
  ++used_[index / block_devices];
  grow_slots(size_ + 1);
  d.kept_name = names_->keep(name);
  d.application = static_cast<std::uint16_t>(application);
  d.used = true;
  ++size_;
  // Of two refs with one name the first is found.
  if (auto& slot = slots_[slot_of(application, name)]; slot == 0) slot = index + 1;
}

void device_table::reserve(std::uint32_t places, std::size_t devices) {
  CAUSEWAY_CHECK(places <= most_places);
  grow_slots(devices);
  if (places <= places_) return;
  while (blocks_.size() * block_devices < places)
    blocks_.emplace_back();
  used_.resize(blocks_.size());
  generations_.resize(places);
  places_ = places;
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
  release_hub(d.hub);
  names_->give_back(d.kept_name);
  d = device{};
  --size_;
  generations_[index] = static_cast<std::uint16_t>((generation_of(ref) + 1) % generations_of_a_place);
  free_.push_back(index);
  if (--used_[index / block_devices] == 0) blocks_[index / block_devices].reset();
}

std::uint32_t device_table::intern(const hub& h) {
  const auto found =
      std::find_if(hubs_.begin(), hubs_.end(), [&](const auto& one) { return one.second.is == h; });
  if (found != hubs_.end()) {
    ++found->second.holders;
    return found->first;
  }
  hubs_.emplace(++hub_numbers_, held_hub{h, 1});
  return hub_numbers_;
}

void device_table::set_hub(device& d, const hub& h) {
  release_hub(std::exchange(d.hub, intern(h)));
}

void device_table::release_hub(std::uint32_t number) {
  const auto found = hubs_.find(number);
  if (found != hubs_.end() && --found->second.holders == 0) hubs_.erase(found);
}

const device_table::hub& device_table::hub_at(std::uint32_t number) const {
  static const hub none;
  const auto found = hubs_.find(number);
  return found == hubs_.end() ? none : found->second.is;
}

void device_table::set_model(device& d, std::string_view model) {
  const auto before = d.model;
  d.model = models_.hold(model);
  models_.release(before);
}

} // namespace causeway::core
