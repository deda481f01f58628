// SPDX-License-Identifier: Apache-2.0
#include "base/log_limiter.h"

#include <gtest/gtest.h>

namespace causeway {
namespace {

TEST(log_limiter, one_cause_does_not_push_out_another) {
  manual_clock clock;
  log_limiter limiter{20};
  int written = 0;
  for (int device = 0; device < 100'000; ++device)
    written += limiter.admit(errc::hub_unauthorized, clock.now().mono) ? 1 : 0;
  EXPECT_EQ(written, 20);
  EXPECT_EQ(limiter.admit(errc::clock_skew, clock.now().mono), 0u);
  clock.advance(milliseconds{999});
  EXPECT_FALSE(limiter.admit(errc::hub_unauthorized, clock.now().mono));
  clock.advance(milliseconds{1});
  EXPECT_EQ(limiter.admit(errc::hub_unauthorized, clock.now().mono), 99'981u);
  EXPECT_EQ(limiter.admit(errc::hub_unauthorized, clock.now().mono), 0u);
}

} // namespace
} // namespace causeway
