// SPDX-License-Identifier: Apache-2.0
#include "emulator/stack/agenda.h"

namespace causeway::emulator {

void agenda::advance(moment now) {
  while (!steps_.empty() && steps_.begin()->first <= now.mono) {
    const auto due = steps_.begin()->first;
    const auto what = std::move(steps_.begin()->second);
    steps_.erase(steps_.begin());
    time_ = {due, wall_of(due, now)};
    what(time_);
  }
}

void agenda::postpone(mono_time until) {
  while (!steps_.empty() && steps_.begin()->first < until) {
    auto first = steps_.extract(steps_.begin());
    first.key() = until;
    steps_.insert(std::move(first));
  }
}

std::optional<mono_time> agenda::next() const {
  if (steps_.empty()) return std::nullopt;
  return steps_.begin()->first;
}

} // namespace causeway::emulator
