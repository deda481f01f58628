// SPDX-License-Identifier: Apache-2.0
#include "net/task_group.h"

#include "net/run_task.h"
#include "net/wake_up.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace causeway::net {
namespace {

task<> fail_until(int* runs, int good, wake_up* done) {
  if (++*runs < good) throw std::runtime_error{"not yet"};
  done->notify();
  co_return;
}

task<> sleep_long(int* ended) {
  const bool whole = co_await sleep_for(std::chrono::hours{1});
  if (!whole) ++*ended;
}

task<> ignore_cancellation(int* rounds) {
  for (;;) {
    ++*rounds;
    co_await sleep_for(std::chrono::hours{1});
  }
}

task<> wait_for(wake_up* done) {
  co_await done->wait();
}

TEST(task_group, starts_a_task_again_after_a_fault) {
  loop on;
  task_group tasks{on};
  wake_up done{on};
  int runs = 0;
  tasks.spawn("flaky", restart_policy::on_fault, [&] { return fail_until(&runs, 2, &done); });
  run_task(on, wait_for(&done));
  run_task(on, tasks.stop());
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(tasks.running(), 0U);
}

TEST(task_group, a_task_that_may_not_restart_ends_by_its_exception) {
  loop on;
  task_group tasks{on};
  wake_up done{on};
  int runs = 0;
  int good = 0;
  tasks.spawn("once", restart_policy::never, [&] { return fail_until(&runs, 2, &done); });
  tasks.spawn("good", restart_policy::never, [&] { return fail_until(&good, 1, &done); });
  run_task(on, wait_for(&done));
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(tasks.running(), 0U);
}

TEST(task_group, stop_cancels_and_joins_all_and_then_takes_no_more) {
  loop on;
  task_group tasks{on};
  int ended = 0;
  for (int i = 0; i < 3; ++i)
    tasks.spawn("sleeper", restart_policy::on_fault, [&] { return sleep_long(&ended); });
  run_task(on, sleep_for(std::chrono::milliseconds{0}));
  EXPECT_EQ(tasks.running(), 3U);
  run_task(on, tasks.stop());
  EXPECT_EQ(ended, 3);
  EXPECT_EQ(tasks.running(), 0U);
  tasks.spawn("late", restart_policy::never, [&] { return sleep_long(&ended); });
  EXPECT_EQ(tasks.running(), 0U);
}

TEST(task_group, stop_ends_a_task_that_does_not_look_at_its_results) {
  loop on;
  task_group tasks{on};
  int rounds = 0;
  tasks.spawn("deaf", restart_policy::on_fault, [&] { return ignore_cancellation(&rounds); });
  run_task(on, sleep_for(std::chrono::milliseconds{0}));
  run_task(on, tasks.stop());
  EXPECT_EQ(rounds, 2);
}

TEST(task_group, stop_ends_a_task_that_has_not_begun) {
  loop on;
  task_group tasks{on};
  int rounds = 0;
  on.post([&] { tasks.spawn("new", restart_policy::never, [&] { return ignore_cancellation(&rounds); }); });
  run_task(on, tasks.stop());
  EXPECT_EQ(tasks.running(), 0U);
}

} // namespace
} // namespace causeway::net
