// SPDX-License-Identifier: Apache-2.0
// What the gateway did in the last hour, a point each five seconds: for charts that have something to show as
// soon as they are opened. Lost with the process. Pure; one thread.
#pragma once

#include "base/clock.h"
#include "watch/snapshot.h"

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace causeway::watch {

struct rate_point {
  wall_time at{};
  double stored = 0, sent = 0; // messages a second, since the point before
  std::uint64_t waiting = 0;   // messages, at that moment
  std::uint64_t online = 0;    // devices, at that moment
  std::optional<double> p50_ms,
      p99_ms;        // from an event's acceptance to the hub's accept; nothing: none was sent
  double lag_ms = 0; // the loop's
};

class rate_history {
public:
  static constexpr seconds interval{5};
  static constexpr std::size_t most = 720;

  bool is_due(mono_time now) const { return !last_ || now >= last_->at + interval; }
  // The first makes no point: there is nothing to compare it with.
  void note(const snapshot& figures, moment now);
  const std::deque<rate_point>& points() const { return points_; }

private:
  using buckets = std::array<std::uint64_t, model::latency_bounds_ms.size() + 1>;
  struct reading {
    mono_time at;
    std::uint64_t stored = 0, sent = 0;
    buckets latency{};
  };

  std::optional<reading> last_;
  std::deque<rate_point> points_;
};

// [time in ms since 1970, stored, sent, waiting, online, p50, p99, lag]
std::string point_json(const rate_point& of);
// {"interval_seconds":5,"columns":[...],"points":[...]}, the oldest first.
std::string history_json(const rate_history& of);

} // namespace causeway::watch
