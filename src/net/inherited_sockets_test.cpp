// SPDX-License-Identifier: Apache-2.0
#include "net/inherited_sockets.h"
#include "net/run_task.h"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

namespace causeway::net {
namespace {

// Out of the way of those that are handed over.
int high(int descriptor) {
  const int made = ::fcntl(descriptor, F_DUPFD_CLOEXEC, 100);
  ::close(descriptor);
  return made;
}

// The descriptors from 3 on, as systemd lays them out; what was there is put back. Made before the loop,
// which has some of its own.
struct handed_over {
  int count;
  std::vector<int> saved;

  explicit handed_over(int n) : count{n} {
    for (int i = 0; i < count; ++i) {
      saved.push_back(::fcntl(3 + i, F_DUPFD_CLOEXEC, 100));
      put(i, high(::open("/dev/null", O_RDONLY))); // so that nobody else takes the number
    }
  }
  ~handed_over() {
    for (int i = 0; i < count; ++i) {
      const int was = saved[static_cast<std::size_t>(i)];
      ::close(3 + i);
      if (was < 0) continue;
      ::dup2(was, 3 + i);
      ::close(was);
    }
    for (const auto* const name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"})
      ::unsetenv(name);
  }
  handed_over(const handed_over&) = delete;

  void put(int i, int descriptor) const {
    ::dup2(descriptor, 3 + i); // without FD_CLOEXEC
    ::close(descriptor);
  }
  void say(const std::string& names, ::pid_t pid = ::getpid()) const {
    ::setenv("LISTEN_PID", std::to_string(pid).c_str(), 1);
    ::setenv("LISTEN_FDS", std::to_string(count).c_str(), 1);
    if (!names.empty()) ::setenv("LISTEN_FDNAMES", names.c_str(), 1);
  }
};

int listening(std::uint16_t& port) {
  const int made = high(::socket(AF_INET, SOCK_STREAM, 0));
  ::sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ::socklen_t size = sizeof where;
  EXPECT_EQ(::bind(made, reinterpret_cast<const ::sockaddr*>(&where), size), 0);
  EXPECT_EQ(::listen(made, 16), 0);
  EXPECT_EQ(::getsockname(made, reinterpret_cast<::sockaddr*>(&where), &size), 0);
  port = ntohs(where.sin_port);
  return made;
}

// A connection whose bytes stay in the kernel until somebody accepts.
int connected(std::uint16_t port) {
  const int made = high(::socket(AF_INET, SOCK_STREAM, 0));
  ::sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  where.sin_port = htons(port);
  EXPECT_EQ(::connect(made, reinterpret_cast<const ::sockaddr*>(&where), sizeof where), 0);
  return made;
}

task<> note_one(int* count, loop* on) {
  ++*count;
  on->stop();
  co_return;
}

int accepted_by(listener& door, loop& on) {
  task_group tasks{on};
  int count = 0;
  door.serve(tasks, {}, 10, [&count, &on](stream) { return note_one(&count, &on); });
  on.run();
  run_task(on, tasks.stop());
  return count;
}

TEST(inherited_sockets, takes_the_one_with_the_name) {
  const handed_over by_systemd{2};
  loop on;
  std::uint16_t one = 0, other = 0;
  by_systemd.put(0, listening(one));
  by_systemd.put(1, listening(other));
  by_systemd.say("http:webhook");
  auto sockets = inherited_sockets::take_from_environment();
  EXPECT_EQ(std::getenv("LISTEN_PID"), nullptr);
  EXPECT_EQ(std::getenv("LISTEN_FDS"), nullptr);
  EXPECT_EQ(std::getenv("LISTEN_FDNAMES"), nullptr);
  EXPECT_EQ(::fcntl(3, F_GETFD), FD_CLOEXEC);
  EXPECT_EQ(::fcntl(4, F_GETFD), FD_CLOEXEC);
  auto door = sockets.take(on, "webhook", {"127.0.0.1", 1});
  ASSERT_TRUE(door);
  EXPECT_EQ(door->port(), other);
  EXPECT_FALSE(sockets.take(on, "webhook", {"127.0.0.1", 1}));
}

TEST(inherited_sockets, takes_the_one_at_the_address) {
  const handed_over by_systemd{2};
  loop on;
  std::uint16_t one = 0, other = 0;
  by_systemd.put(0, listening(one));
  by_systemd.put(1, listening(other));
  by_systemd.say("");
  auto sockets = inherited_sockets::take_from_environment();
  EXPECT_FALSE(sockets.take(on, "webhook", {"127.0.0.2", one}));
  const auto door = sockets.take(on, "webhook", {"127.0.0.1", one});
  ASSERT_TRUE(door);
  EXPECT_EQ(door->port(), one);
}

TEST(inherited_sockets, what_is_another_process_s_is_left_alone) {
  const handed_over by_systemd{1};
  std::uint16_t port = 0;
  by_systemd.put(0, listening(port));
  by_systemd.say("webhook", ::getppid());
  loop on;
  auto sockets = inherited_sockets::take_from_environment();
  EXPECT_FALSE(sockets.take(on, "webhook", {"127.0.0.1", port}));
  EXPECT_EQ(::fcntl(3, F_GETFD), 0);
  EXPECT_EQ(std::getenv("LISTEN_FDS"), nullptr);
  ::close(3);
}

TEST(inherited_sockets, what_does_not_listen_is_closed) {
  const handed_over by_systemd{1};
  by_systemd.put(0, ::socket(AF_INET, SOCK_STREAM, 0));
  by_systemd.say("webhook");
  loop on;
  auto sockets = inherited_sockets::take_from_environment();
  EXPECT_FALSE(sockets.take(on, "webhook", {"127.0.0.1", 1}));
  EXPECT_EQ(::fcntl(3, F_GETFD), -1);
}

TEST(inherited_sockets, nonsense_is_no_socket) {
  ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
  ::setenv("LISTEN_FDS", "1 ", 1);
  loop on;
  auto sockets = inherited_sockets::take_from_environment();
  EXPECT_FALSE(sockets.take(on, "webhook", {"127.0.0.1", 1}));
}

TEST(inherited_sockets, who_comes_after_the_close_waits_for_the_next_owner) {
  const handed_over by_systemd{1};
  loop on;
  std::uint16_t port = 0;
  const int kept = listening(port); // systemd's own
  std::vector<int> clients;
  for (int process = 0; process < 2; ++process) {
    by_systemd.put(0, high(::dup(kept)));
    by_systemd.say("webhook");
    auto sockets = inherited_sockets::take_from_environment();
    auto door = sockets.take(on, "webhook", {"127.0.0.1", port});
    ASSERT_TRUE(door);
    if (process == 0) clients.push_back(connected(port));
    EXPECT_EQ(accepted_by(*door, on), 1);
    door->take_waiting(); // never more than what it serves
    door->close();
    if (process == 0) clients.push_back(connected(port));
  }
  for (const int one : clients)
    ::close(one);
  ::close(kept);
}

} // namespace
} // namespace causeway::net
