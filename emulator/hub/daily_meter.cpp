// SPDX-License-Identifier: Apache-2.0
#include "emulator/hub/daily_meter.h"

#include <algorithm>

namespace causeway::emulator {

std::int64_t daily_meter::day_of(wall_time now) {
  return std::chrono::floor<std::chrono::days>(now).time_since_epoch().count();
}

wall_time daily_meter::end_of_day(wall_time now) {
  return std::chrono::floor<std::chrono::days>(now) + std::chrono::days{1};
}

std::uint64_t daily_meter::pieces(std::size_t bytes) const {
  return std::max<std::uint64_t>((bytes + options_.piece_bytes - 1) / options_.piece_bytes, 1);
}

bool daily_meter::admit(std::uint64_t pieces, wall_time now) {
  const auto before = used(now);
  if (options_.limit && before + pieces > *options_.limit) return false;
  set_used(before + pieces, now);
  return true;
}

void daily_meter::set_used(std::uint64_t used, wall_time now) {
  day_ = day_of(now);
  used_ = used;
}

} // namespace causeway::emulator
