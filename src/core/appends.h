// SPDX-License-Identifier: Apache-2.0
// What goes to the journal with rows of its own, and how far that has come: who appends does it here, the
// shard writes down what is heard of it, and who must tell what was there before from what comes reads it.
// Owned by the shard; one thread.
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "core/outlet.h"
#include "core/words.h"
#include "model/journal.h"

#include <cstdint>
#include <deque>

namespace causeway::core {

class draft;
class open_time;

constexpr append_id next_after(append_id one) {
  return static_cast<append_id>(static_cast<std::uint64_t>(one) + 1);
}

struct appends {
  // All must live as long.
  appends(const outlet<model::journal>& disk, draft& book, const open_time& time)
      : disk_{disk}, book_{book}, time_{time} {}

  // Accepted now, behind what the event under way has made durable so far: a device's record is there before
  // its first row. The id by which it is answered; errors: as journal::append, and nothing was made then.
  result<append_id> make(append_request what, moment now);
  // Precondition: it was made, and not answered yet.
  void on_answered(append_id which) {
    done_[static_cast<std::uint64_t>(which) - static_cast<std::uint64_t>(next_after(answered))] = true;
    for (; !done_.empty() && done_.front(); done_.pop_front())
      answered = next_after(answered);
  }

  append_id last{};       // that was made
  append_id answered{};   // this one, and all before it
  spool_seq last_row = 0; // that has come

private:
  const outlet<model::journal>& disk_;
  draft& book_;
  const open_time& time_;
  std::deque<bool> done_; // those behind `answered`
};

} // namespace causeway::core
