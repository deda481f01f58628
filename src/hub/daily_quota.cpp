// SPDX-License-Identifier: Apache-2.0
#include "hub/daily_quota.h"

#include <algorithm>

namespace causeway::hub {
namespace {

constexpr std::chrono::minutes first_pause{1}, longest_pause{15};
// For the answer to the one that asks, which may have gone with its connection.
constexpr seconds answer_time{30};
// Behind midnight, for clocks that differ.
constexpr seconds after_midnight{5};

} // namespace

void daily_quota::on_send(mono_time now) {
  if (!used_up_) return;
  asking_ = true;
  next_try_ = now + answer_time;
}

bool daily_quota::on_accepted() {
  const bool news = used_up_;
  *this = {};
  return news;
}

bool daily_quota::on_refused(moment now) {
  const bool news = !used_up_;
  if (!news && !asking_) return false; // of those that were under way when the first was refused
  used_up_ = true;
  asking_ = false;
  std::chrono::nanoseconds pause =
      std::min<std::chrono::nanoseconds>(first_pause * (1U << asked_), longest_pause);
  if (pause < longest_pause) ++asked_;
  constexpr std::chrono::hours day{24};
  const auto until_midnight = day - now.wall.time_since_epoch() % day;
  pause = std::min<std::chrono::nanoseconds>(pause, until_midnight + after_midnight);
  next_try_ = now.mono + pause;
  return news;
}

} // namespace causeway::hub
