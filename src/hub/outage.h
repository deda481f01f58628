// SPDX-License-Identifier: Apache-2.0
// When a hub's lines may connect, and what it means that they cannot: growing pauses, one line that tries for
// all, and after a while the suspicion that the hub is gone. Pure; one thread.
#pragma once

#include "base/clock.h"
#include "base/error.h"

#include <cstdint>
#include <functional>
#include <optional>

namespace causeway::hub {

class outage {
public:
  // random: uniform in [0, 1).
  explicit outage(std::function<double()> random) : random_{std::move(random)} {}

  // When this line may try to connect; in the past or now: now. max(): another one tries for all; ask again
  // after on_open, on_lost or on_unwanted. slot: the line's own, empty before its first question after a try.
  mono_time may_connect(std::uint32_t line, std::optional<mono_time>& slot, bool any_up, mono_time not_before,
                        mono_time now);
  // The line has nobody to carry: it tries for nobody.
  void on_unwanted(std::uint32_t line);
  // A connection is open.
  void on_open();
  // One was lost, or could not be made. proven: it had lasted. Lines that are lost together count as one
  // failure.
  void on_lost(const error& why, bool proven, mono_time now);
  // Before on_lost: a peer that has closed without a word, by the name that it has earned.
  error name_mute(error why);
  // What keeps them away stays until somebody does something, and that is news.
  bool needs_attention(const error& why);
  // It has lasted so long without any connection, since on_lost at the latest, that the hub may have been
  // replaced; and the last scout has gone long enough ago.
  bool suspects_gone(const error& why, mono_time now) const;
  void on_scout_sent(mono_time now);
  // Nobody has wanted the hub meanwhile: how long it has been away means nothing.
  void on_first_device() { failing_since_.reset(); }
  // What was in the way may have gone.
  void try_now(mono_time now);

  mono_time next_try() const { return next_try_; }
  // The line that tries for all.
  std::optional<std::uint32_t> probe() const { return probe_; }

private:
  std::function<double()> random_;
  std::uint32_t failures_ = 0; // in a row, over all lines
  mono_time next_try_{};
  mono_time next_opening_{};
  std::uint32_t mute_closes_ = 0; // in a row
  std::optional<mono_time> failing_since_;
  std::optional<std::uint32_t> probe_;
  mono_time next_scout_{};
  bool needs_attention_ = false; // said so
};

// What lasts until an operator does something.
void log_attention(const std::string& host, std::uint64_t devices, const error& why);

} // namespace causeway::hub
