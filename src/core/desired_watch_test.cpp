// SPDX-License-Identifier: Apache-2.0
#include "core/desired_watch.h"

#include <gtest/gtest.h>

namespace causeway::core {
namespace {

constexpr std::string_view one = R"("lorawan.downlink":{"f_port":1})",
                           two = R"("lorawan.downlink":{"f_port":2})";

kept_desired kept(std::string_view object, std::int64_t version) {
  return judge_desired({}, object, version, false).keep;
}

TEST(desired_watch, asks_for_what_has_changed) {
  const auto verdict = judge_desired(kept(one, 3), two, 4, false);
  EXPECT_EQ(verdict.what, desired_finding::asked);
  EXPECT_EQ(verdict.keep, kept(two, 4));
  EXPECT_EQ(judge_desired(kept(one, 3), two, 3, false).what, desired_finding::asked);
}

TEST(desired_watch, asks_for_nothing_where_another_property_has_changed) {
  const auto verdict = judge_desired(kept(one, 3), one, 9, false);
  EXPECT_EQ(verdict.what, desired_finding::nothing_new);
  EXPECT_EQ(verdict.keep, kept(one, 9));
}

TEST(desired_watch, sends_nothing_old_to_a_device_whose_twin_is_read_for_the_first_time) {
  EXPECT_EQ(judge_desired({}, one, 3, false).what, desired_finding::seen);
  EXPECT_EQ(judge_desired({}, one, 3, true).what, desired_finding::asked);
  EXPECT_EQ(judge_desired({}, "", 3, true).what, desired_finding::nothing_new);
  // What comes after it is new.
  EXPECT_EQ(judge_desired(kept(one, 3), two, 4, false).what, desired_finding::asked);
}

TEST(desired_watch, sends_nothing_of_a_twin_whose_version_has_gone_back) {
  for (const bool send_first : {false, true}) {
    const auto verdict = judge_desired(kept(one, 9), two, 8, send_first);
    EXPECT_EQ(verdict.what, desired_finding::seen);
    EXPECT_EQ(verdict.keep, kept(two, 8));
  }
  EXPECT_EQ(judge_desired(kept(one, 9), one, 1, false).what, desired_finding::nothing_new);
}

TEST(desired_watch, asks_anew_for_what_was_withdrawn) {
  const auto withdrawn = judge_desired(kept(one, 3), "", 4, false);
  EXPECT_EQ(withdrawn.what, desired_finding::nothing_new);
  EXPECT_EQ(judge_desired(withdrawn.keep, one, 5, false).what, desired_finding::asked);
}

} // namespace
} // namespace causeway::core
