// SPDX-License-Identifier: Apache-2.0
// How far the journal has come with what was appended: written by intake and by the shard, read by who must
// tell what was there before from what comes. Plain values.
#pragma once

#include "core/words.h"
#include "model/journal.h"

#include <cstdint>

namespace causeway::core {

constexpr append_id next_after(append_id one) {
  return static_cast<append_id>(static_cast<std::uint64_t>(one) + 1);
}

struct appends {
  append_id last{};       // that was made
  append_id answered{};   // this one, and all before it
  spool_seq last_row = 0; // that has come
};

} // namespace causeway::core
