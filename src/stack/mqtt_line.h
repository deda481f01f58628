// SPDX-License-Identifier: Apache-2.0
// The books of one application's connection to the MQTT server: when it is tried next, for how long it has
// been away, and when somebody must look at it. A server that nobody reaches is tried again within 10 s,
// however long it has been away: the try costs nothing, and what is published meanwhile waits for nobody. One
// that answers and refuses is tried after pauses that grow to a minute. Pure: time and randomness are
// parameters.
#pragma once

#include "base/backoff.h"
#include "base/clock.h"
#include "model/stack_totals.h"

#include <optional>

namespace causeway::stack {

using model::mqtt_line_totals;

class mqtt_line {
public:
  explicit mqtt_line(moment now) : since_{now.mono}, next_try_{now.mono} {}

  // When something is due: the next try, or giving up one that has no end. Nothing while it is connected.
  std::optional<mono_time> deadline() const;
  // Whether a connect is due; then the caller begins one, and `attempt` has its number.
  bool begin(mono_time now);
  std::uint64_t attempt() const { return attempt_; }
  // Whether news of that try mean anything: it has not ended, and was not given up.
  bool expects(std::uint64_t attempt) const {
    return attempt == attempt_ && (state_ == state::connecting || state_ == state::up);
  }
  // The connect under way has taken too long.
  bool overdue(mono_time now) const { return state_ == state::connecting && now >= next_try_; }

  struct episode {
    std::chrono::milliseconds lasted{0}; // how long it was away
    bool first = false;                  // since the start
  };
  // Connected and subscribed.
  episode on_up(mono_time now);
  // Lost, or not made. Returns the pause before the next try. random: uniform in [0, 1).
  std::chrono::milliseconds on_down(error why, std::optional<int> connack, mono_time now, double random);
  // Whether to call for help now: what waiting does not seem to mend has lasted for a minute. Once an
  // episode.
  bool needs_attention(mono_time now);
  void stop() { state_ = state::stopped; }

  bool connected() const { return state_ == state::up; }
  mqtt_line_totals totals(mono_time now) const;

private:
  enum class state : std::uint8_t { waiting, connecting, up, stopped };
  state state_ = state::waiting;
  mono_time since_;    // connected or away since
  mono_time next_try_; // waiting: of the next try; connecting: when it is given up
  std::uint64_t attempt_ = 0;
  backoff unreachable_{{milliseconds{500}, milliseconds{6'500}, 2.0, 0.25}};
  backoff refused_{{milliseconds{500}, milliseconds{60'000}, 2.0, 0.25}};
  std::uint32_t tries_ = 0; // of this episode that failed
  bool called_ = false;
  mqtt_line_totals totals_;
};

} // namespace causeway::stack
