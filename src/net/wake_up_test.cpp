// SPDX-License-Identifier: Apache-2.0
#include "net/wake_up.h"

#include "net/run_task.h"

#include <gtest/gtest.h>

namespace causeway::net {
namespace {

task<> note_waits(wake_up* bell, std::vector<bool>* seen, int times) {
  for (int i = 0; i < times; ++i) {
    const bool rung = co_await bell->wait();
    seen->push_back(rung);
  }
}

task<bool> wait_a_little(wake_up* bell) {
  return bell->wait_until(std::chrono::steady_clock::now() + std::chrono::milliseconds{2});
}

TEST(wake_up, remembers_one_notify_before_the_wait) {
  loop on;
  wake_up bell{on};
  bell.notify();
  bell.notify();
  EXPECT_TRUE(run_task(on, wait_a_little(&bell)));
  EXPECT_FALSE(run_task(on, wait_a_little(&bell)));
}

TEST(wake_up, wakes_who_waits) {
  loop on;
  wake_up bell{on};
  task_group tasks{on};
  std::vector<bool> seen;
  tasks.spawn("waiter", restart_policy::never, [&] { return note_waits(&bell, &seen, 2); });
  run_task(on, sleep_for(std::chrono::milliseconds{0}));
  EXPECT_TRUE(seen.empty());
  bell.notify();
  run_task(on, sleep_for(std::chrono::milliseconds{0}));
  EXPECT_EQ(seen, (std::vector<bool>{true}));
  run_task(on, tasks.stop());
  EXPECT_EQ(seen, (std::vector<bool>{true, false}));
}

TEST(wake_up, may_go_while_a_task_waits) {
  loop on;
  auto bell = std::make_unique<wake_up>(on);
  task_group tasks{on};
  std::vector<bool> seen;
  tasks.spawn("waiter", restart_policy::never, [&] { return note_waits(bell.get(), &seen, 1); });
  run_task(on, sleep_for(std::chrono::milliseconds{0}));
  bell.reset();
  run_task(on, sleep_for(std::chrono::milliseconds{0}));
  EXPECT_EQ(seen, (std::vector<bool>{false}));
  EXPECT_EQ(tasks.running(), 0U);
}

} // namespace
} // namespace causeway::net
