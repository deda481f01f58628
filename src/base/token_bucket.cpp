// SPDX-License-Identifier: Apache-2.0
#include "base/token_bucket.h"

#include "base/check.h"

#include <algorithm>
#include <cmath>

namespace causeway {

token_bucket::token_bucket(double rate, double burst, mono_time now)
    : rate_{rate}, burst_{burst}, tokens_{burst}, filled_at_{now} {
  CAUSEWAY_CHECK(rate > 0 && burst >= 1);
}

void token_bucket::fill(mono_time now) {
  if (now <= filled_at_) return;
  const double elapsed = std::chrono::duration<double>(now - filled_at_).count();
  tokens_ = std::min(burst_, tokens_ + elapsed * rate_);
  filled_at_ = now;
}

bool token_bucket::take(mono_time now) {
  fill(now);
  // The sum of many small refills may miss a whole token by a rounding error.
  if (tokens_ < 1.0 - 1e-9) return false;
  tokens_ = std::max(0.0, tokens_ - 1.0);
  return true;
}

mono_time token_bucket::next(mono_time now) const {
  token_bucket copy = *this;
  copy.fill(now);
  if (copy.tokens_ >= 1.0 - 1e-9) return now;
  const double wait = (1.0 - copy.tokens_) / rate_;
  return now + std::chrono::nanoseconds{static_cast<std::int64_t>(std::ceil(wait * 1e9))};
}

} // namespace causeway
