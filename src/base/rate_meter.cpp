// SPDX-License-Identifier: Apache-2.0
#include "base/rate_meter.h"

#include <algorithm>

namespace causeway {

void rate_meter::note(std::uint64_t total, mono_time now) {
  if (filled_ > 0 && total < kept(1).total) filled_ = 0;
  if (filled_ > 0 && now - kept(1).at < seconds{1}) return;
  samples_[next_] = {now, total};
  next_ = (next_ + 1) % samples_.size();
  filled_ = std::min(filled_ + 1, samples_.size());
}

double rate_meter::a_second() const {
  if (filled_ < 2) return 0;
  const auto& last = kept(1);
  const auto& first = kept(filled_);
  return static_cast<double>(last.total - first.total) /
         std::chrono::duration<double>(last.at - first.at).count();
}

} // namespace causeway
