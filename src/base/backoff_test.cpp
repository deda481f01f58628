// SPDX-License-Identifier: Apache-2.0
#include "base/backoff.h"

#include <gtest/gtest.h>

namespace causeway {
namespace {

using std::chrono::milliseconds;

TEST(backoff, grows_to_the_longest_and_starts_again_after_reset) {
  backoff pause{{milliseconds{100}, milliseconds{1000}, 2.0, 0.0}};
  for (const int expected : {100, 200, 400, 800, 1000, 1000})
    EXPECT_EQ(pause.next(0.5), milliseconds{expected});
  pause.reset();
  EXPECT_EQ(pause.next(0.5), milliseconds{100});
}

TEST(backoff, spreads_over_the_jitter) {
  backoff low{{milliseconds{1000}, milliseconds{1000}, 2.0, 0.25}}, high{low};
  EXPECT_EQ(low.next(0.0), milliseconds{750});
  EXPECT_EQ(high.next(1.0), milliseconds{1250});
}

TEST(backoff, never_overflows) {
  backoff pause;
  for (int i = 0; i < 1000; ++i)
    EXPECT_LE(pause.next(0.999), milliseconds{75'000});
}

} // namespace
} // namespace causeway
