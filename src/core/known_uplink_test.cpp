// SPDX-License-Identifier: Apache-2.0
#include "core/known_uplink.h"

#include "core/device.h"

#include <gtest/gtest.h>

#include <limits>

namespace causeway::core {
namespace {

using namespace std::chrono_literals;

constexpr wall_time now{std::chrono::seconds{1'767'225'600}};

TEST(known_uplink, is_none_of_a_device_that_was_not_heard) {
  device d;
  d.last_seen = now - 1h; // it has joined
  EXPECT_EQ(known_uplink_of(d, now), std::nullopt);
}

TEST(known_uplink, says_by_the_networks_clock_when_the_push_leaves_at_the_earliest) {
  device d;
  d.newest_uplink = 1'000;
  d.last_seen = now - 5s;
  EXPECT_EQ(known_uplink_of(d, now), (known_uplink{1'000, 5'000'001'000}));
  d.last_seen = now + 5s; // this machine's clock was set back
  EXPECT_EQ(known_uplink_of(d, now), (known_uplink{1'000, 1'000}));
  constexpr auto end = std::numeric_limits<std::int64_t>::max();
  d.newest_uplink = end - 1;
  d.last_seen = now - 5s;
  EXPECT_EQ(known_uplink_of(d, now), (known_uplink{end - 1, end}));
}

TEST(known_uplink, is_outdone_by_a_newer_one_only) {
  device d;
  EXPECT_FALSE(has_spoken_since(d, std::nullopt));
  EXPECT_FALSE(has_spoken_since(d, known_uplink{7, 7})) << "this process has heard nothing yet";
  d.newest_uplink = 7;
  EXPECT_TRUE(has_spoken_since(d, std::nullopt));
  EXPECT_FALSE(has_spoken_since(d, known_uplink{7, 9}));
  EXPECT_TRUE(has_spoken_since(d, known_uplink{6, 9}));
}

} // namespace
} // namespace causeway::core
