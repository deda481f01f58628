// SPDX-License-Identifier: Apache-2.0
#include "base/log_tail.h"

#include "base/log.h"

#include <gtest/gtest.h>

namespace causeway::log {
namespace {

TEST(log_tail, is_the_last_lines_that_were_written_with_the_oldest_first) {
  testing::internal::CaptureStderr(); // a thousand lines
  start(level::info, format::logfmt);
  EXPECT_TRUE(tail(10).empty());
  for (std::size_t i = 0; i < tail_lines + 5; ++i)
    info("line_written", {{"number", i}});
  debug("below_the_level");
  ASSERT_TRUE(stop()); // all that was queued is written
  testing::internal::GetCapturedStderr();
  const auto all = tail(tail_lines * 2);
  ASSERT_EQ(all.size(), tail_lines);
  EXPECT_TRUE(all.front().ends_with("event=line_written number=5")) << all.front();
  const auto last = tail(2);
  ASSERT_EQ(last.size(), 2U);
  EXPECT_TRUE(last[0].ends_with("number=1003")) << last[0];
  EXPECT_TRUE(last[1].ends_with("number=1004")) << last[1];
  EXPECT_TRUE(tail(0).empty());
}

} // namespace
} // namespace causeway::log
