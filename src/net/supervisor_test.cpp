// SPDX-License-Identifier: Apache-2.0
#include "net/supervisor.h"

#include "net/task_group.h"

#include <gtest/gtest.h>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

namespace causeway::net {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

// Plays systemd: a datagram socket, by a path or by an abstract name, and what the environment says.
class supervisor_test : public testing::Test {
protected:
  supervisor_test() {
    auto pattern = (fs::temp_directory_path() / "causeway-notify-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    for (const auto* const name : variables)
      ::unsetenv(name);
  }
  ~supervisor_test() override {
    if (socket_ >= 0) ::close(socket_);
    for (const auto* const name : variables)
      ::unsetenv(name);
    fs::remove_all(folder_);
  }

  std::string path() const { return (folder_ / "notify").string(); }

  // name as NOTIFY_SOCKET has it.
  void listen_at(const std::string& name) {
    ::sockaddr_un at{};
    at.sun_family = AF_UNIX;
    std::memcpy(at.sun_path, name.data(), name.size());
    if (name[0] == '@') at.sun_path[0] = '\0';
    socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const auto size = static_cast<::socklen_t>(offsetof(::sockaddr_un, sun_path) + name.size());
    ASSERT_EQ(::bind(socket_, reinterpret_cast<const ::sockaddr*>(&at), size), 0);
    ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
  }
  std::vector<std::string> told() const {
    std::vector<std::string> all;
    std::string one(4096, '\0');
    for (;;) {
      const auto size = ::recv(socket_, one.data(), one.size(), 0);
      if (size < 0) return all;
      all.push_back(one.substr(0, static_cast<std::size_t>(size)));
    }
  }

  static constexpr const char* variables[] = {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"};
  fs::path folder_;
  int socket_ = -1;
};

using all = std::vector<std::string>;

TEST_F(supervisor_test, tells_nobody_where_nobody_is_named) {
  auto subject = supervisor::take_from_environment();
  EXPECT_FALSE(subject.interval());
  subject.ready("nobody hears it");
  subject.feed("nor this");
}

TEST_F(supervisor_test, is_ready_and_stops_by_a_path_and_by_an_abstract_name) {
  for (const auto& name : {path(), "@causeway-test-" + std::to_string(::getpid())}) {
    listen_at(name);
    auto subject = supervisor::take_from_environment();
    subject.ready("2 devices");
    subject.feed("3 devices");
    subject.stopping("going");
    EXPECT_EQ(told(), (all{"READY=1\nSTATUS=2 devices", "STATUS=3 devices", "STOPPING=1\nSTATUS=going"}))
        << name;
    EXPECT_EQ(subject.interval(), std::chrono::seconds{10});
    ::close(socket_);
  }
  socket_ = -1;
}

TEST_F(supervisor_test, leaves_nothing_in_the_environment_for_a_child) {
  listen_at(path());
  ::setenv("WATCHDOG_USEC", "2000000", 1);
  ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
  const auto subject = supervisor::take_from_environment();
  for (const auto* const name : variables)
    EXPECT_EQ(std::getenv(name), nullptr) << name;
  EXPECT_EQ(subject.interval(), milliseconds{1000});
}

TEST_F(supervisor_test, does_not_feed_the_watchdog_of_another_process_or_one_that_is_not_set) {
  for (const std::string allowed : {"2000000", "", "0", "soon", "-1", "99999999999999999999"}) {
    if (socket_ < 0) listen_at(path());
    ::setenv("NOTIFY_SOCKET", path().c_str(), 1);
    ::setenv("WATCHDOG_USEC", allowed.c_str(), 1);
    ::setenv("WATCHDOG_PID", std::to_string(allowed == "2000000" ? ::getppid() : ::getpid()).c_str(), 1);
    auto subject = supervisor::take_from_environment();
    subject.feed("well");
    EXPECT_EQ(told(), all{"STATUS=well"}) << allowed;
  }
}

TEST_F(supervisor_test, goes_on_without_a_socket_that_is_not_there_or_has_no_name) {
  for (const auto& name : {path(), std::string{"relative"}, std::string{"@"}, "/" + std::string(200, 'x')}) {
    ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
    auto subject = supervisor::take_from_environment();
    EXPECT_FALSE(subject.interval()) << name;
    subject.ready("nobody hears it");
  }
}

TEST_F(supervisor_test, does_not_wait_for_one_that_reads_nothing) {
  listen_at(path());
  auto subject = supervisor::take_from_environment();
  constexpr int more_than_it_holds = 10'000;
  for (int i = 0; i < more_than_it_holds; ++i)
    subject.feed("well");
  EXPECT_LT(told().size(), static_cast<std::size_t>(more_than_it_holds));
}

TEST_F(supervisor_test, is_fed_at_half_of_the_watchdogs_time_and_only_while_the_loop_turns) {
  listen_at(path());
  ::setenv("WATCHDOG_USEC", "2000000", 1);
  manual_clock time;
  loop on{time};
  auto subject = supervisor::take_from_environment();
  int asked = 0;
  task_group tasks{on};
  tasks.spawn("feed", restart_policy::never,
              [&] { return keep_fed(subject, [&asked] { return "turn " + std::to_string(++asked); }); });
  const auto turn = [&] {
    while (on.step()) {
    }
  };
  turn();
  time.advance(milliseconds{999});
  turn();
  EXPECT_EQ(told(), all{});
  time.advance(milliseconds{1});
  turn();
  EXPECT_EQ(told(), all{"WATCHDOG=1\nSTATUS=turn 1"});
  // Time goes on, the loop does not.
  time.advance(milliseconds{10'000});
  EXPECT_EQ(told(), all{});
  turn();
  EXPECT_EQ(told(), all{"WATCHDOG=1\nSTATUS=turn 2"});
  task_group ending{on};
  ending.spawn("end", restart_policy::never, [&] { return tasks.stop(); });
  turn();
  EXPECT_EQ(told(), all{});
}

} // namespace
} // namespace causeway::net
