// SPDX-License-Identifier: Apache-2.0
#include "net/loop.h"

#include "net/run_task.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <thread>

namespace causeway::net {
namespace {

TEST(loop, runs_posts_of_another_thread_in_their_order_and_those_before_stop) {
  loop on;
  std::vector<int> seen;
  std::thread other{[&] {
    for (int i = 0; i < 100; ++i)
      on.post([&seen, i] { seen.push_back(i); });
    on.stop();
  }};
  on.run();
  other.join();
  ASSERT_EQ(seen.size(), 100U);
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
}

TEST(loop, tells_of_each_signal) {
  loop on;
  std::vector<int> seen;
  on.on_signal([&](int signal) {
    seen.push_back(signal);
    if (signal == SIGHUP)
      ::raise(SIGTERM);
    else
      on.stop();
  });
  on.post([] { ::raise(SIGHUP); });
  on.run();
  EXPECT_EQ(seen, (std::vector<int>{SIGHUP, SIGTERM}));
}

task<bool> sleep_briefly() {
  return sleep_for(std::chrono::milliseconds{1});
}

TEST(loop, sleeps_to_the_end_when_nobody_cancels) {
  loop on;
  EXPECT_TRUE(run_task(on, sleep_briefly()));
}

} // namespace
} // namespace causeway::net
