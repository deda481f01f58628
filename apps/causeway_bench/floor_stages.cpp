// SPDX-License-Identifier: Apache-2.0
#include "causeway_bench/floor_stages.h"

#include <ctime>

namespace causeway::bench {
namespace {

constexpr std::uint64_t rounds_a_watched_one = 17; // in step with nothing

double thread_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

} // namespace

void floor_stages::begin_round(floor_stage first) {
  if (is_watched_) change(first);
  is_watched_ = rounds_++ % rounds_a_watched_one == 0;
  if (!is_watched_) return;
  now_ = first;
  since_ = thread_seconds();
}

void floor_stages::change(floor_stage next) {
  const auto now = thread_seconds();
  times_[static_cast<std::size_t>(now_)] += (now - since_) * static_cast<double>(rounds_a_watched_one);
  now_ = next;
  since_ = now;
}

} // namespace causeway::bench
