// SPDX-License-Identifier: Apache-2.0
// What the disk had at start, of all devices or of a shard's. Plain values.
#pragma once

#include "model/dead_letter.h"
#include "model/journal.h"

#include <cstdint>
#include <vector>

namespace causeway::model {

struct start_image {
  // Each the first at its place. Of a shard also those that nobody has met yet: whose rows wait, with what
  // the first of these says.
  std::vector<device_record> devices;
  struct assigned {
    device_key key;
    assignment where;
    friend bool operator==(const assigned&, const assigned&) = default;
  };
  std::vector<assigned> assignments; // in any order; those of devices that are not there are passed over
  struct recent_key {
    device_ref device{};
    kept_key key;
    friend bool operator==(const recent_key&, const recent_key&) = default;
  };
  std::vector<recent_key> recent_keys; // oldest first
  struct row {
    spool_seq seq;
    device_ref device;
    std::uint32_t bytes;
    std::uint32_t accepted_at = 0; // in open seconds
  };
  std::vector<row> waiting; // in the order of seq
  // Of a shard: the key of each event whose first row waits, by its seq; the event's rows that wait are
  // `rows` ones, one after the other. recent_keys are then of what is done, but for copies that were done
  // while the first of them waited: else the first would be taken for a copy of them.
  struct row_key {
    spool_seq seq = 0;
    kept_key key;
    std::uint32_t rows = 1;
  };
  std::vector<row_key> row_keys;
  std::vector<kept_command> commands; // in the order in which they were first kept
  dead_letter_amounts dead_letters;
  // For how long the store has been open in all its life, as saved last: the clock of all that is given up by
  // age (decision 20).
  std::uint32_t open_seconds = 0;
  spool_seq next_seq = 1;
};

} // namespace causeway::model
