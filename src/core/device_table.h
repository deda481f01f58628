// SPDX-License-Identifier: Apache-2.0
// Every device that Causeway knows, by its ref and by its name. What one that goes leaves is used again: its
// place, under another ref (decision 31), its name's bytes, its hub's number and its model's where nobody
// else has them. Owned by the shard; one thread.
#pragma once

#include "base/ids.h"
#include "base/shared_texts.h"
#include "core/device.h"

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace causeway::core {

class name_blocks;

class device_table {
public:
  // So many places lie free before one of them is given again: what may still come late of a device has come
  // long before that, and a ref comes round only after as many removals as this times
  // generations_of_a_place.
  static constexpr std::size_t enough_free = 8192;
  // least_free: one at least.
  explicit device_table(std::size_t least_free = enough_free);
  ~device_table();

  // application: an index into the rules.
  std::optional<device_ref> find(std::uint32_t application, std::string_view name) const;
  // Precondition: contains(ref).
  device& at(device_ref ref) { return place(index_of(ref)); }
  const device& at(device_ref ref) const { return place(index_of(ref)); }
  // False for whoever had the place before, or will have it.
  bool contains(device_ref ref) const {
    const auto index = index_of(ref);
    return is_taken(index) && generations_[index] == generation_of(ref);
  }
  // Who is at a place.
  std::optional<device_ref> at_place(std::uint32_t index) const {
    return is_taken(index) ? std::optional{make_ref(index, generations_[index])} : std::nullopt;
  }
  // A new device gets a place of which nobody alive may still be spoken: one that nobody has had, or else the
  // one that has been free the longest. Preconditions: !is_full(), and of both: the name has less than 64
  // KiB.
  device_ref add(std::uint32_t application, std::string_view name);
  // At start: puts a stored device at its place. Precondition: nobody has been there.
  void restore(device_ref ref, std::uint32_t application, std::string_view name);
  // The device goes. Precondition: contains(ref).
  void remove(device_ref ref);
  // Places below this one are for restore alone; so many devices are to come. Precondition: most_places at
  // most.
  void reserve(std::uint32_t places, std::size_t devices = 0);
  std::size_t size() const { return size_; }
  // One more than the highest that somebody has had.
  std::uint32_t places() const { return places_; }
  bool is_full() const { return places_ == most_places && free_.empty(); }

  // Host and section repeat for thousands of devices; each distinct pair is kept once, and as long as
  // somebody has it. A number is never given to another hub: who still waits at one that is gone has met
  // nothing of the next.
  struct hub {
    hub_host host;
    azure_name section;
    std::string fingerprint;
    friend bool operator==(const hub&, const hub&) = default;
  };
  // The number of this hub, held once more. Never 0.
  std::uint32_t intern(const hub& h);
  // The device has it now, in place of the one before.
  void set_hub(device& d, const hub& h);
  const hub& hub_of(const device& d) const { return hub_at(d.hub); }
  // Empty where nobody has it any more.
  const hub& hub_at(std::uint32_t number) const;
  std::size_t hubs() const { return hubs_.size(); }

  const std::string& model_of(const device& d) const { return models_.at(d.model); }
  void set_model(device& d, std::string_view model);
  std::size_t models() const { return models_.size(); }
  std::size_t name_bytes() const;

  template <class Visit>
  void for_each(Visit visit) {
    for (std::uint32_t i = 0; i < places_; ++i)
      if (const auto ref = at_place(i)) visit(*ref, place(i));
  }

  template <class Visit>
  void for_each(Visit visit) const {
    for (std::uint32_t i = 0; i < places_; ++i)
      if (const auto ref = at_place(i)) visit(*ref, place(i));
  }

private:
  static constexpr std::uint32_t block_devices = 1024;
  device& place(std::uint32_t index) { return blocks_[index / block_devices][index % block_devices]; }
  const device& place(std::uint32_t index) const {
    return blocks_[index / block_devices][index % block_devices];
  }
  bool is_taken(std::uint32_t index) const {
    return index < places_ && blocks_[index / block_devices] != nullptr && place(index).used;
  }
  void put(std::uint32_t index, std::uint32_t application, std::string_view name);
  void release_hub(std::uint32_t number);
  std::size_t slot_of(std::uint32_t application, std::string_view name) const;
  void grow_slots(std::size_t devices);

  // Blocks, so that addresses stay and growth copies nothing; none where no device is.
  std::vector<std::unique_ptr<device[]>> blocks_;
  std::vector<std::uint32_t> used_; // places of each
  std::size_t least_free_;
  std::uint32_t places_ = 0;
  std::size_t size_ = 0;
  std::vector<std::uint16_t> generations_; // by place: of who is there, or will be next
  std::deque<std::uint32_t> free_;         // places that somebody has had: the longest free first
  std::unique_ptr<name_blocks> names_;     // devices point into them
  // By application and name: open addressing, a place's index + 1, 0 = free. A power of two, at most 3/4
  // full.
  std::vector<std::uint32_t> slots_;
  struct held_hub {
    hub is;
    std::size_t holders = 0;
  };
  std::map<std::uint32_t, held_hub> hubs_; // by number
  std::uint32_t hub_numbers_ = 0;
  shared_texts models_;
};

} // namespace causeway::core
