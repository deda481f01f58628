// SPDX-License-Identifier: Apache-2.0
#include "hub/token_wheel.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <map>

namespace causeway::hub {
namespace {

constexpr mono_time start{std::chrono::hours{1}};

std::vector<std::uint32_t> due_at(token_wheel& wheel, mono_time now) {
  std::vector<std::uint32_t> out;
  wheel.take_due(now, out);
  std::ranges::sort(out);
  return out;
}

TEST(token_wheel, gives_each_key_once_and_never_early) {
  token_wheel wheel{start};
  EXPECT_FALSE(wheel.next_due().has_value());
  wheel.schedule(3, start + milliseconds{1500});
  wheel.schedule(4, start + seconds{2});
  wheel.schedule(0, start + seconds{3600});
  EXPECT_EQ(wheel.next_due(), start + seconds{2});
  EXPECT_TRUE(due_at(wheel, start + milliseconds{1999}).empty());
  EXPECT_EQ(due_at(wheel, start + seconds{2}), (std::vector<std::uint32_t>{3, 4}));
  EXPECT_EQ(wheel.next_due(), start + seconds{3600});
  EXPECT_TRUE(due_at(wheel, start + seconds{3599}).empty());
  EXPECT_EQ(due_at(wheel, start + seconds{4000}), std::vector<std::uint32_t>{0});
  EXPECT_EQ(wheel.size(), 0u);
  EXPECT_FALSE(wheel.next_due().has_value());
}

TEST(token_wheel, a_key_can_be_moved_and_cancelled) {
  token_wheel wheel{start};
  for (std::uint32_t key = 0; key < 5; ++key)
    wheel.schedule(key, start + seconds{10});
  wheel.schedule(2, start + seconds{20});
  wheel.cancel(0);
  wheel.cancel(4);
  wheel.cancel(77);
  EXPECT_EQ(due_at(wheel, start + seconds{15}), (std::vector<std::uint32_t>{1, 3}));
  EXPECT_EQ(due_at(wheel, start + seconds{25}), std::vector<std::uint32_t>{2});
}

TEST(token_wheel, what_is_due_already_comes_with_the_next_second) {
  token_wheel wheel{start};
  EXPECT_TRUE(due_at(wheel, start + seconds{100}).empty());
  wheel.schedule(1, start + seconds{5});
  wheel.schedule(2, start - seconds{5});
  EXPECT_EQ(wheel.next_due(), start + seconds{101});
  EXPECT_EQ(due_at(wheel, start + seconds{101}), (std::vector<std::uint32_t>{1, 2}));
}

TEST(token_wheel, times_beyond_one_turn_wait_for_their_turn) {
  token_wheel wheel{start};
  wheel.schedule(1, start + seconds{4096 * 2 + 10});
  wheel.schedule(2, start + seconds{10});
  EXPECT_EQ(due_at(wheel, start + seconds{10}), std::vector<std::uint32_t>{2});
  EXPECT_TRUE(due_at(wheel, start + seconds{4096 * 2 + 9}).empty());
  EXPECT_EQ(due_at(wheel, start + seconds{4096 * 2 + 10}), std::vector<std::uint32_t>{1});
  wheel.schedule(1, start + seconds{4096 * 9});
  EXPECT_EQ(due_at(wheel, start + seconds{4096 * 20}), std::vector<std::uint32_t>{1});
}

TEST(token_wheel, next_due_finds_every_bucket) {
  token_wheel wheel{start};
  mono_time now = start;
  for (std::uint32_t step = 1; step <= 4095; step += 37) {
    wheel.schedule(0, now + seconds{step});
    ASSERT_EQ(wheel.next_due(), now + seconds{step});
    now += seconds{step};
    ASSERT_EQ(due_at(wheel, now), std::vector<std::uint32_t>{0});
  }
}

TEST(token_wheel, renewals_of_100000_devices_attached_at_once_are_spread) {
  constexpr std::uint32_t devices = 100'000;
  constexpr seconds life{3600};
  token_wheel wheel{start};
  std::vector<mono_time> valid_until(devices, start + life);
  for (std::uint32_t key = 0; key < devices; ++key)
    wheel.schedule(key, start + renewal_age(device_ref{key}, start, life));
  std::size_t most = 0, renewals = 0, gaps = 0;
  std::vector<std::uint32_t> due;
  for (seconds at{1}; at <= seconds{3 * 3600}; ++at) {
    const mono_time now = start + at;
    due.clear();
    wheel.take_due(now, due);
    most = std::max(most, due.size());
    renewals += due.size();
    for (const std::uint32_t key : due) {
      if (valid_until[key] <= now + life / 5 - seconds{1})
        ++gaps; // at most 80 % of its life, and the wheel's second
      valid_until[key] = now + life;
      wheel.schedule(key, now + renewal_age(device_ref{key}, now, life));
    }
  }
  EXPECT_EQ(gaps, 0u);
  EXPECT_EQ(wheel.size(), devices);
  EXPECT_LE(most, 250u); // the first round: 100,000 over 720 s
  EXPECT_GE(renewals, devices * 3u);
}

TEST(token_wheel, pauses_grow_and_stay_below_75_seconds) {
  for (std::uint32_t device = 0; device < 1000; ++device) {
    EXPECT_GE(renewal_pause(device_ref{device}, 0), milliseconds{3750});
    EXPECT_LE(renewal_pause(device_ref{device}, 0), milliseconds{6250});
    EXPECT_LE(renewal_pause(device_ref{device}, 200), milliseconds{75'000});
    EXPECT_GE(renewal_age(device_ref{device}, start + seconds{device}, seconds{1000}), seconds{600});
    EXPECT_LE(renewal_age(device_ref{device}, start + seconds{device}, seconds{1000}), seconds{800});
  }
}

} // namespace
} // namespace causeway::hub
