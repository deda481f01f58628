// SPDX-License-Identifier: Apache-2.0
#include "emulator/hub/gcra_bucket.h"

#include <algorithm>

namespace causeway::emulator {
namespace {

std::int64_t rounded_up(std::chrono::nanoseconds wait) {
  return std::chrono::ceil<std::chrono::seconds>(wait).count();
}

} // namespace

rate_verdict gcra_bucket::take(mono_time now) {
  const auto busy_until = std::max(full_at_, now);
  const auto wait = busy_until + interval_ - now - interval_ * limit_;
  rate_verdict verdict;
  verdict.limit = limit_;
  verdict.admitted = wait.count() <= 0;
  if (verdict.admitted)
    full_at_ = busy_until + interval_;
  else
    verdict.retry = std::max<std::int64_t>(1, rounded_up(wait));
  const auto used = std::max(full_at_, now) - now;
  verdict.reset = rounded_up(used);
  const auto taken =
      std::min<std::int64_t>((used.count() + interval_.count() - 1) / interval_.count(), limit_);
  verdict.available = limit_ - static_cast<std::uint32_t>(taken);
  return verdict;
}

} // namespace causeway::emulator
