// SPDX-License-Identifier: Apache-2.0
#include "core/progress_watch.h"

#include <gtest/gtest.h>

namespace causeway::core {
namespace {

using namespace std::chrono_literals;

constexpr mono_time start{1h};

TEST(progress_watch, says_once_that_nothing_is_heard_within_a_minute_of_an_answer) {
  progress_watch watch;
  EXPECT_FALSE(watch.deadline());
  watch.on_taken(3, start);
  watch.on_taken(3, start + 30s);
  watch.on_taken(4, start + 30s);
  EXPECT_EQ(watch.deadline(), start + 60s);
  EXPECT_TRUE(watch.take_silent(start + 59s).empty());
  EXPECT_EQ(watch.take_silent(start + 60s), std::vector<std::uint32_t>{3});
  EXPECT_TRUE(watch.take_silent(start + 61s).empty());
  EXPECT_EQ(watch.silent(), 1U);
  watch.on_taken(5, start);
  EXPECT_EQ(watch.take_silent(start + 61s), std::vector<std::uint32_t>{5});
  EXPECT_EQ(watch.silent(), 1U) << "one event may be lost";
  EXPECT_EQ(watch.deadline(), start + 90s);
}

TEST(progress_watch, is_content_with_a_step_of_any_command_and_begins_anew_after_it) {
  progress_watch watch;
  watch.on_taken(3, start);
  watch.on_step(3);
  EXPECT_TRUE(watch.take_silent(start + 60s).empty());
  EXPECT_FALSE(watch.deadline());
  watch.on_taken(3, start + 100s);
  EXPECT_EQ(watch.take_silent(start + 160s), std::vector<std::uint32_t>{3});
  watch.on_step(3);
  EXPECT_EQ(watch.silent(), 0U);
}

} // namespace
} // namespace causeway::core
