// SPDX-License-Identifier: Apache-2.0
// Where a thread's time on the CPU goes: a reading of its clock wherever one stage ends and the next begins.
// A reading is a call of the kernel, so only every sixteenth or so round is watched, and counts for the
// others. One thread.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace causeway::bench {

enum class floor_stage : std::uint8_t {
  wait,      // epoll_wait, and what wakes it
  http_in,   // recv, TLS, the request
  event,     // JSON, key, message
  hand_over, // to the writer's thread and back
  http_out,  // send, TLS
  hub_in,    // recv, TLS
  amqp,      // the engine
  hub_out,   // send, TLS
  idle,      // of the writer: waiting, waking the loop
  rows,      // of the writer: INSERT and DELETE
  commit,    // of the writer: BEGIN and COMMIT, fsync included
};
inline constexpr std::array<std::string_view, 11> floor_stage_names{
    "wait", "http_in", "event", "hand_over", "http_out", "hub_in",
    "amqp", "hub_out", "idle",  "rows",      "commit"};
using floor_times = std::array<double, floor_stage_names.size()>; // seconds

class floor_stages {
public:
  // Ends a round and begins the next with this stage.
  void begin_round(floor_stage first);
  void enter(floor_stage next) {
    if (is_watched_) change(next);
  }
  // All rounds so far, from those that were watched.
  const floor_times& times() const { return times_; }

private:
  void change(floor_stage next);

  floor_times times_{};
  std::uint64_t rounds_ = 0;
  bool is_watched_ = false;
  floor_stage now_ = floor_stage::wait;
  double since_ = 0;
};

} // namespace causeway::bench
