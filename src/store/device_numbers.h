// SPDX-License-Identifier: Apache-2.0
// What the disk calls a device: a number that is given once, and told to nobody. The devices of this process
// have refs, whose places are used again; here is which of them has which number. The owner's thread only.
#pragma once

#include "base/ids.h"

#include <cstdint>
#include <vector>

namespace causeway::store {

enum class stored_number : std::uint32_t {};

class device_numbers {
public:
  device_numbers() = default;
  // known: of those on disk, by place; each is the first at its place. next: from here on none has been
  // given.
  device_numbers(const std::vector<stored_number>& known, std::uint32_t next);

  // The device's; where it has none yet, the next one from now on.
  stored_number of(device_ref device);

private:
  struct holder {
    stored_number number{};
    std::uint32_t generation = generations_of_a_place; // nobody's yet
  };
  std::vector<holder> places_; // who was heard of last at each
  std::uint32_t next_ = 0;
};

} // namespace causeway::store
