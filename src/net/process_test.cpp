// SPDX-License-Identifier: Apache-2.0
#include "net/process.h"

#include "net/run_task.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace causeway::net {
namespace {

TEST(process, tells_the_exit_status) {
  loop on;
  auto child = process::start(on, {"/bin/sh", "-c", "exit 7"}, true);
  ASSERT_TRUE(child) << child.fault().message();
  EXPECT_EQ(run_task(on, child->wait()), 7);
  EXPECT_FALSE(child->running());
  EXPECT_EQ(run_task(on, child->wait()), 7);
}

TEST(process, tells_the_signal_that_ended_it) {
  loop on;
  auto child = process::start(on, {"/bin/sleep", "1000"}, true);
  ASSERT_TRUE(child) << child.fault().message();
  EXPECT_TRUE(child->running());
  child->send_signal(SIGTERM);
  EXPECT_EQ(run_task(on, child->wait()), 128 + SIGTERM);
}

TEST(process, names_the_program_that_cannot_be_run) {
  loop on;
  const auto child = process::start(on, {"/nowhere/program"}, true);
  ASSERT_FALSE(child);
  EXPECT_EQ(child.fault().code(), errc::process_exited);
  EXPECT_EQ(child.fault().detail(), "/nowhere/program: No such file or directory");
}

TEST(process, has_no_input_and_inherits_neither_descriptors_nor_ignored_signals) {
  loop on;
  // Opened without close-on-exec, as asio's sockets are.
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const auto fd = std::to_string(ends[0]);
  const auto script = "! read line && ! [ -e /proc/$$/fd/" + fd +
                      " ] && ! grep -q '^SigIgn:.*[1-9a-f].*' /proc/self/status && exit 3; exit 1";
  auto child = process::start(on, {"/bin/sh", "-c", script}, true);
  ASSERT_TRUE(child) << child.fault().message();
  EXPECT_EQ(run_task(on, child->wait()), 3);
  ::close(ends[0]);
  ::close(ends[1]);
}

task<std::string> read_to_end(process* child) {
  std::string all;
  while (true) {
    const auto bytes = co_await child->read();
    if (bytes.empty()) co_return all;
    all += bytes;
  }
}

TEST(process, is_spoken_to_through_pipes) {
  loop on;
  auto child = process::start_with_pipes(on, {"/bin/cat"});
  ASSERT_TRUE(child) << child.fault().message();
  EXPECT_TRUE(run_task(on, child->write("hello")));
  EXPECT_EQ(run_task(on, child->read()), "hello");
  child->send_signal(SIGKILL);
  EXPECT_EQ(run_task(on, child->read()), "");
  EXPECT_EQ(run_task(on, child->wait()), 128 + SIGKILL);
  EXPECT_FALSE(run_task(on, child->write("to nobody")));
}

TEST(process, has_no_environment_behind_pipes) {
  loop on;
  auto child = process::start_with_pipes(on, {"/usr/bin/env"});
  ASSERT_TRUE(child) << child.fault().message();
  EXPECT_EQ(run_task(on, read_to_end(&*child)), "");
  EXPECT_EQ(run_task(on, child->wait()), 0);
}

TEST(process, is_killed_and_reaped_with_its_object) {
  loop on;
  int pid = 0;
  {
    auto child = process::start(on, {"/bin/sleep", "1000"}, true);
    ASSERT_TRUE(child) << child.fault().message();
    pid = child->pid();
  }
  EXPECT_EQ(::kill(pid, 0), -1);
  EXPECT_EQ(errno, ESRCH);
}

} // namespace
} // namespace causeway::net
