// SPDX-License-Identifier: Apache-2.0
#include "net/loop.h"

#include "net/run_task.h"
#include "net/wake_up.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <string>
#include <thread>
#include <vector>

namespace causeway::net {
namespace {

using namespace std::chrono_literals;

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

// By hand.

struct note {
  std::vector<std::string> of;
};

task<> sleep_and_note(note* in, std::string name, std::chrono::nanoseconds time) {
  const bool slept = co_await sleep_for(time);
  in->of.push_back(name + (slept ? " is over" : " was cancelled"));
}

task<> wait_and_note(note* in, wake_up* bell, mono_time until) {
  const bool woken = co_await bell->wait_until(until);
  in->of.push_back(woken ? "woken" : "too late");
}

TEST(loop_by_hand, waits_as_the_clock_goes_and_no_longer) {
  manual_clock clock;
  loop on{clock};
  task_group tasks{on};
  note seen;
  const auto begun = clock.now().mono;
  EXPECT_FALSE(on.step());
  EXPECT_EQ(on.deadline(), std::nullopt);
  tasks.spawn("day", restart_policy::never, [&] { return sleep_and_note(&seen, "a day", 24h); });
  tasks.spawn("hour", restart_policy::never, [&] { return sleep_and_note(&seen, "an hour", 1h); });
  EXPECT_TRUE(on.step());
  EXPECT_FALSE(on.step());
  EXPECT_EQ(on.deadline(), begun + 1h);
  clock.advance(1h - 1ns);
  EXPECT_FALSE(on.step());
  clock.advance(1ns);
  EXPECT_EQ(on.now().mono, begun + 1h);
  EXPECT_TRUE(on.step());
  EXPECT_EQ(seen.of, std::vector<std::string>{"an hour is over"});
  EXPECT_EQ(on.deadline(), begun + 24h);
  clock.advance(23h);
  EXPECT_TRUE(on.step());
  EXPECT_EQ(seen.of.back(), "a day is over");
  EXPECT_EQ(on.deadline(), std::nullopt);
  EXPECT_EQ(tasks.running(), 0U);
}

TEST(loop_by_hand, wakes_who_is_notified_before_its_time) {
  manual_clock clock;
  loop on{clock};
  task_group tasks{on};
  wake_up first{on}, second{on};
  note seen;
  const auto until = clock.now().mono + 1h;
  tasks.spawn("first", restart_policy::never, [&] { return wait_and_note(&seen, &first, until); });
  tasks.spawn("second", restart_policy::never, [&] { return wait_and_note(&seen, &second, until); });
  EXPECT_TRUE(on.step());
  first.notify();
  EXPECT_TRUE(on.step());
  EXPECT_EQ(seen.of, std::vector<std::string>{"woken"});
  clock.advance(1h);
  EXPECT_TRUE(on.step());
  EXPECT_EQ(seen.of, (std::vector<std::string>{"woken", "too late"}));
}

TEST(loop_by_hand, ends_what_is_cancelled_without_time) {
  manual_clock clock;
  loop on{clock};
  task_group tasks{on}, ending{on};
  note seen;
  tasks.spawn("day", restart_policy::never, [&] { return sleep_and_note(&seen, "a day", 24h); });
  EXPECT_TRUE(on.step());
  ending.spawn("stop", restart_policy::never, [&] { return tasks.stop(); });
  EXPECT_TRUE(on.step());
  EXPECT_EQ(seen.of, std::vector<std::string>{"a day was cancelled"});
  EXPECT_EQ(on.deadline(), std::nullopt);
}

} // namespace
} // namespace causeway::net
