// SPDX-License-Identifier: Apache-2.0
// What the disk had at start. Plain values.
#pragma once

#include "core/dead_letter.h"
#include "core/ports.h"

#include <cstdint>
#include <vector>

namespace causeway::core {

struct start_image {
  std::vector<device_record> devices;
  struct assigned {
    device_key key;
    assignment where;
    friend bool operator==(const assigned&, const assigned&) = default;
  };
  std::vector<assigned> assignments; // in any order; those of devices that are not there are passed over
  struct recent_key {
    device_ref device{};
    kept_key key; // of kind recent_keys::former: as former_hash
    friend bool operator==(const recent_key&, const recent_key&) = default;
  };
  std::vector<recent_key> recent_keys; // oldest first
  struct row {
    spool_seq seq;
    device_ref device;
    std::uint32_t bytes;
    std::uint32_t accepted_at = 0; // of bridge::open_seconds
  };
  std::vector<row> waiting; // in the order of seq
  dead_letter_amounts dead_letters;
  std::uint32_t open_seconds = 0; // as saved last
  spool_seq next_seq = 1;
  std::uint32_t next_device =
      0; // refs below were given before, to devices that may not be in `devices` any more
};

} // namespace causeway::core
