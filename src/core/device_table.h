// SPDX-License-Identifier: Apache-2.0
// Every device that Causeway knows, by its ref and by its name. Owned by the shard; one thread.
#pragma once

#include "base/ids.h"
#include "base/shared_texts.h"
#include "core/device.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace causeway::core {

class device_table {
public:
  // application: an index into the rules.
  std::optional<device_ref> find(std::uint32_t application, std::string_view name) const;
  // Precondition: contains(ref).
  device& at(device_ref ref) { return place(index_of(ref)); }
  const device& at(device_ref ref) const { return place(index_of(ref)); }
  bool contains(device_ref ref) const {
    return index_of(ref) < places_ && blocks_[index_of(ref) / block_devices] != nullptr &&
           place(index_of(ref)).used;
  }
  // A new device gets the next ref. Precondition of both: the name has less than 64 KiB.
  device_ref add(std::uint32_t application, std::string_view name);
  // At start: puts a stored device where it was. Precondition: nothing is there.
  void restore(device_ref ref, std::uint32_t application, std::string_view name);
  // The device goes; its ref is never given again, and its name's bytes stay until the table goes.
  // Precondition: contains(ref).
  void remove(device_ref ref);
  // Refs below this one are never given to a new device; so many devices are to come.
  void reserve(std::uint32_t next_ref, std::size_t devices = 0);
  std::size_t size() const { return size_; }
  // One more than the highest ref.
  std::uint32_t places() const { return places_; }

  // Host and section repeat for thousands of devices; each distinct pair is kept once.
  struct hub {
    hub_host host;
    azure_name section;
    std::string fingerprint;
    friend bool operator==(const hub&, const hub&) = default;
  };
  std::uint32_t intern(const hub& h);
  const hub& hub_of(const device& d) const { return hubs_[d.hub]; }
  const hub& hub_at(std::uint32_t number) const { return hubs_[number]; }

  const std::string& model_of(const device& d) const { return models_.at(d.model); }
  void set_model(device& d, std::string_view model);

  template <class Visit>
  void for_each(Visit visit) {
    for (std::uint32_t i = 0; i < places_; ++i)
      if (contains(static_cast<device_ref>(i))) visit(static_cast<device_ref>(i), place(i));
  }

  template <class Visit>
  void for_each(Visit visit) const {
    for (std::uint32_t i = 0; i < places_; ++i)
      if (contains(static_cast<device_ref>(i))) visit(static_cast<device_ref>(i), place(i));
  }

private:
  static constexpr std::uint32_t block_devices = 1024;
  device& place(std::uint32_t index) { return blocks_[index / block_devices][index % block_devices]; }
  const device& place(std::uint32_t index) const {
    return blocks_[index / block_devices][index % block_devices];
  }
  const char* keep_name(std::string_view name);
  std::size_t slot_of(std::uint32_t application, std::string_view name) const;
  void grow_slots(std::size_t devices);

  // Blocks, so that addresses stay and growth copies nothing; none where no device is.
  std::vector<std::unique_ptr<device[]>> blocks_;
  std::vector<std::uint32_t> used_; // places of each
  std::uint32_t places_ = 0;
  std::size_t size_ = 0;
  // Names, one after the other, each behind its length; devices point into them.
  std::vector<std::unique_ptr<char[]>> name_blocks_;
  std::size_t name_room_ = 0;
  char* name_next_ = nullptr;
  // By application and name: open addressing, a place's index + 1, 0 = free. A power of two, at most 3/4
  // full.
  std::vector<std::uint32_t> slots_;
  std::vector<hub> hubs_;
  shared_texts models_;
};

} // namespace causeway::core
