// SPDX-License-Identifier: Apache-2.0
#include "base/fair_queue.h"

#include <gtest/gtest.h>

#include <vector>

namespace causeway {
namespace {

std::vector<std::uint32_t> drain(fair_queue& queue) {
  std::vector<std::uint32_t> order;
  while (const auto device = queue.pop())
    order.push_back(static_cast<std::uint32_t>(index_of(*device)));
  EXPECT_TRUE(queue.empty());
  return order;
}

using order = std::vector<std::uint32_t>;

TEST(fair_queue, lanes_take_turns) {
  fair_queue queue;
  for (std::uint32_t i = 0; i < 4; ++i)
    queue.push(device_ref{i}, 0, false);
  queue.push(device_ref{10}, 7, false);
  queue.push(device_ref{11}, 7, false);
  queue.push(device_ref{20}, 3, false);
  EXPECT_EQ(drain(queue), (order{0, 20, 10, 1, 11, 2, 3}));
}

TEST(fair_queue, tracks_take_turns_within_their_lane) {
  fair_queue queue;
  for (std::uint32_t i = 0; i < 3; ++i)
    queue.push(device_ref{i}, 0, false, 0);
  queue.push(device_ref{10}, 0, false, 1);
  queue.push(device_ref{11}, 0, false, 1);
  queue.push(device_ref{20}, 1, false, 0);
  queue.push(device_ref{21}, 1, false, 0);
  EXPECT_EQ(drain(queue), (order{0, 20, 10, 21, 1, 11, 2}));
}

TEST(fair_queue, the_urgent_go_first) {
  fair_queue queue;
  queue.push(device_ref{1}, 0, false);
  queue.push(device_ref{2}, 0, true);
  queue.push(device_ref{3}, 1, true);
  queue.push(device_ref{4}, 1, false);
  EXPECT_TRUE(queue.promote(device_ref{4}));
  EXPECT_FALSE(queue.promote(device_ref{4}));
  EXPECT_FALSE(queue.promote(device_ref{9}));
  EXPECT_EQ(drain(queue), (order{2, 3, 4, 1}));
}

TEST(fair_queue, a_device_waits_once_and_can_leave) {
  fair_queue queue;
  queue.push(device_ref{1}, 0, false);
  queue.push(device_ref{1}, 0, false);
  queue.push(device_ref{2}, 0, false);
  EXPECT_EQ(queue.size(), 2u);
  EXPECT_TRUE(queue.remove(device_ref{1}));
  EXPECT_FALSE(queue.remove(device_ref{1}));
  queue.push(device_ref{1}, 0, true);
  queue.remove(device_ref{1});
  queue.push(device_ref{1}, 0, false); // behind: it has left in between
  EXPECT_EQ(drain(queue), (order{2, 1}));
}

// A line that flaps while the budget is held queues its devices again and again.
TEST(fair_queue, does_not_grow_with_devices_that_come_and_go) {
  fair_queue queue;
  for (std::uint32_t round = 0; round < 1'000; ++round)
    for (std::uint32_t i = 0; i < 10; ++i) {
      queue.push(device_ref{i}, i % 2, false, i % 3);
      if (round < 999) queue.remove(device_ref{i});
    }
  EXPECT_LE(queue.entries(), 2 * queue.size() + 1'025);
  EXPECT_EQ(drain(queue).size(), 10u);
  EXPECT_EQ(queue.entries(), 0u);
}

} // namespace
} // namespace causeway
