// SPDX-License-Identifier: Apache-2.0
// What it means that DPS cannot be reached, or has nothing but 5xx to say: everything waits, and one request
// at a time tries for all, with growing pauses. Pure; one thread.
#pragma once

#include "base/backoff.h"
#include "base/clock.h"
#include "base/error.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>

namespace causeway::dps {

class outage {
public:
  // random: uniform in [0, 1).
  explicit outage(std::function<double()> random);

  // A request goes out. Answered once, by on_ended.
  void on_sent() { ++under_way_; }
  void on_ended() { --under_way_; }

  // No answer, or one that keeps everybody away. Gives the pause; nothing for a request that went out before
  // it was known, which says nothing new.
  std::optional<milliseconds> on_trouble(const error& why, mono_time sent_at, mono_time now);
  // A 5xx. True: so many in a row, and nothing else, are trouble, too.
  bool on_server_fault();
  // Any other answer. True: it is over, and that is news.
  bool on_reached();
  // What was in the way may have gone: no more waiting for the next try.
  void try_now();

  // What keeps everybody away: code and detail alone.
  const std::optional<error>& trouble() const { return trouble_; }
  // Nothing goes out before; mono_time::min() while DPS can be reached.
  mono_time held_until() const { return trouble_ ? next_try_ : mono_time::min(); }
  // When a request may go out; mono_time::max() while another one tries for all.
  mono_time next() const { return trouble_ && under_way_ > 0 ? mono_time::max() : held_until(); }

private:
  std::function<double()> random_;
  std::optional<error> trouble_;
  backoff pauses_;
  mono_time since_{}, next_try_ = mono_time::min();
  std::uint32_t server_faults_ = 0; // in a row
  std::size_t under_way_ = 0;
};

} // namespace causeway::dps
