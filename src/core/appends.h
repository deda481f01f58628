// SPDX-License-Identifier: Apache-2.0
// How far the journal has come with what was appended: written by who appends and by the shard, read by who
// must tell what was there before from what comes. Owned by the shard; one thread.
#pragma once

#include "core/words.h"
#include "model/journal.h"

#include <cstdint>
#include <deque>

namespace causeway::core {

constexpr append_id next_after(append_id one) {
  return static_cast<append_id>(static_cast<std::uint64_t>(one) + 1);
}

struct appends {
  append_id last{};       // that was made
  append_id answered{};   // this one, and all before it
  spool_seq last_row = 0; // that has come

  // The id of the one that is about to be made; made counts it.
  append_id next() const { return next_after(last); }
  void made() {
    last = next();
    done_.push_back(false);
  }
  // Precondition: it was made, and not answered yet.
  void on_answered(append_id which) {
    done_[static_cast<std::uint64_t>(which) - static_cast<std::uint64_t>(next_after(answered))] = true;
    for (; !done_.empty() && done_.front(); done_.pop_front())
      answered = next_after(answered);
  }

private:
  std::deque<bool> done_; // those behind `answered`
};

} // namespace causeway::core
