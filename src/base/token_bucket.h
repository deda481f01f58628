// SPDX-License-Identifier: Apache-2.0
// A budget that fills at a steady rate. Pure: time is a parameter. One thread.
#pragma once

#include "base/clock.h"

namespace causeway {

class token_bucket {
public:
  // rate: tokens a second, above 0. burst: the most that can be saved up, at least 1. Starts full.
  token_bucket(double rate, double burst, mono_time now);

  // Takes one token when there is one.
  bool take(mono_time now);
  // When take() will succeed next; now or earlier when it would already.
  mono_time next(mono_time now) const;
  double rate() const { return rate_; }

private:
  void fill(mono_time now);
  double rate_;
  double burst_;
  double tokens_;
  mono_time filled_at_;
};

} // namespace causeway
