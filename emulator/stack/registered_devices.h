// SPDX-License-Identifier: Apache-2.0
// The devices of one application in the emulated registry, in the orders in which they can be listed. Sized
// for 500,000: a page costs its own length, a change a move of pointers. Pure. One thread.
#pragma once

#include "base/clock.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace causeway::emulator {

using attribute_list = std::vector<std::pair<std::string, std::string>>;

struct registered_device {
  // What most devices do not have.
  struct extras {
    std::string name, dev_eui;
    attribute_list attributes;
  };

  std::string id;
  wall_time created, updated;
  std::uint64_t sequence = 0; // in the order of their creation
  std::unique_ptr<extras> more;
};

enum class device_order : std::uint8_t { id, id_descending, created, created_descending };

class registered_devices {
public:
  // All at once, created in the order given, one a millisecond; what was there before is gone. Names that
  // come twice count once.
  void load(std::vector<std::string> ids, wall_time first_created);
  // Null when there is none.
  registered_device* find(std::string_view id);
  const registered_device* find(std::string_view id) const;
  // The device must not be there.
  registered_device& insert(std::string id, wall_time now);
  bool remove(std::string_view id);
  void clear();

  std::size_t size() const { return by_id_.size(); }
  // The index-th in this order, from 0; below size().
  const registered_device& at(device_order order, std::size_t index) const;

private:
  using owned = std::unique_ptr<registered_device>;
  std::vector<owned>::const_iterator place_of(std::string_view id) const;

  std::vector<owned> by_id_;
  std::vector<const registered_device*> by_creation_;
  std::uint64_t last_sequence_ = 0;
};

} // namespace causeway::emulator
