// SPDX-License-Identifier: Apache-2.0
#include "net/listener.h"

#include "net/run_task.h"
#include "net/wake_up.h"

#include <gtest/gtest.h>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>

namespace causeway::net {
namespace {

TEST(listen_address, is_read_and_written) {
  const auto v4 = listen_address::parse("127.0.0.1:8080");
  ASSERT_TRUE(v4);
  EXPECT_EQ(v4->host, "127.0.0.1");
  EXPECT_EQ(v4->port, 8080);
  EXPECT_EQ(v4->str(), "127.0.0.1:8080");
  const auto v6 = listen_address::parse("[::1]:443");
  ASSERT_TRUE(v6);
  EXPECT_EQ(v6->host, "::1");
  EXPECT_EQ(v6->str(), "[::1]:443");
  EXPECT_EQ((listen_address{"[::1]", 443}.str()), "[::1]:443");
  for (const auto* text : {"", ":80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:8a", "::1:80",
                           "[]:80", "[::1:80"}) {
    const auto address = listen_address::parse(text);
    ASSERT_FALSE(address) << text;
    EXPECT_EQ(address.fault().code(), errc::config_invalid_value);
    EXPECT_NE(address.fault().detail().find(text), std::string::npos);
  }
}

TEST(listener, names_the_address_that_is_in_use) {
  loop on;
  const auto first = listener::bind(on, {"127.0.0.1", 0});
  ASSERT_TRUE(first);
  const listen_address taken{"127.0.0.1", first->port()};
  const auto second = listener::bind(on, taken);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.fault().code(), errc::address_in_use);
  EXPECT_NE(second.fault().detail().find(taken.str()), std::string::npos) << second.fault().detail();
}

TEST(listener, names_the_address_that_is_not_this_machines) {
  loop on;
  const auto other = listener::bind(on, {"192.0.2.1", 8080});
  ASSERT_FALSE(other);
  EXPECT_EQ(other.fault().code(), errc::address_unavailable);
  EXPECT_NE(other.fault().detail().find("192.0.2.1:8080"), std::string::npos) << other.fault().detail();
}

TEST(listener, takes_brackets_around_an_address) {
  loop on;
  const auto v6 = listener::bind(on, {"[::1]", 0});
  if (!v6) GTEST_SKIP() << "no IPv6 here: " << v6.fault().message();
  EXPECT_GT(v6->port(), 0);
}

task<> hold(stream bytes) {
  std::array<char, 1> room{};
  co_await bytes.read_some(room);
}

task<errc> end_of(stream* bytes) {
  std::array<char, 1> room{};
  const auto got = co_await bytes->read_some(room);
  co_return got ? errc::internal : got.fault().code();
}

task<result<connected_stream>> connect_to(std::uint16_t port) {
  connect_options options;
  options.host = "127.0.0.1";
  options.port = port;
  return connect(std::move(options));
}

TEST(listener, closes_connections_above_its_limit_at_once_and_has_room_again_later) {
  loop on;
  task_group tasks{on};
  auto door = *listener::bind(on, {"127.0.0.1", 0});
  door.serve(tasks, std::nullopt, 1, &hold);
  auto first = run_task(on, connect_to(door.port()));
  auto second = run_task(on, connect_to(door.port()));
  ASSERT_TRUE(first && second);
  EXPECT_EQ(run_task(on, end_of(&second->bytes)), errc::peer_closed);
  EXPECT_EQ(door.refused(), 1U);
  EXPECT_EQ(door.connections(), 1U);

  first->bytes.end_output();
  EXPECT_EQ(run_task(on, end_of(&first->bytes)), errc::peer_closed);
  EXPECT_EQ(door.connections(), 0U);
  door.close();
  const auto late = run_task(on, connect_to(door.port()));
  EXPECT_EQ(late.fault().code(), errc::connection_refused);
  run_task(on, tasks.stop());
}

class socket_directory {
public:
  socket_directory() {
    auto name = (std::filesystem::temp_directory_path() / "listener.XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error{"no directory"};
    path_ = name;
  }
  ~socket_directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  socket_directory(const socket_directory&) = delete;
  std::string file(const char* name) const { return (std::filesystem::path{path_} / name).string(); }

private:
  std::string path_;
};

// Binds a socket as a process does that dies without closing it.
void leave_socket(const std::string& path) {
  const int made = ::socket(AF_UNIX, SOCK_STREAM, 0);
  ::sockaddr_un where{};
  where.sun_family = AF_UNIX;
  std::copy(path.begin(), path.end(), std::begin(where.sun_path));
  ASSERT_EQ(::bind(made, reinterpret_cast<const ::sockaddr*>(&where), sizeof where), 0);
  ::close(made);
}

TEST(listen_address, may_be_a_unix_socket) {
  const auto address = listen_address::parse("unix:/run/causeway/admin.sock");
  ASSERT_TRUE(address);
  EXPECT_EQ(address->path, "/run/causeway/admin.sock");
  EXPECT_EQ(address->str(), "unix:/run/causeway/admin.sock");
  EXPECT_FALSE(listen_address::parse("unix:"));
}

TEST(listen_address, knows_what_other_machines_cannot_reach) {
  for (const auto* text : {"127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "localhost:1", "unix:/x"})
    EXPECT_TRUE(listen_address::parse(text)->is_local()) << text;
  for (const auto* text : {"0.0.0.0:1", "[::]:1", "10.0.0.1:1", "example.org:1"})
    EXPECT_FALSE(listen_address::parse(text)->is_local()) << text;
}

TEST(listener, a_unix_socket_is_its_owners_alone_and_goes_with_the_listener) {
  const socket_directory directory;
  const auto path = directory.file("a.sock");
  loop on;
  {
    const auto door = listener::bind(on, listen_address::unix_socket(path));
    ASSERT_TRUE(door) << door.fault().message();
    EXPECT_EQ(door->port(), 0);
    struct stat found {};
    ASSERT_EQ(::lstat(path.c_str(), &found), 0);
    EXPECT_TRUE(S_ISSOCK(found.st_mode));
    EXPECT_EQ(found.st_mode & 0777U, 0600U);
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(listener, takes_over_a_unix_socket_that_a_dead_process_left) {
  const socket_directory directory;
  const auto path = directory.file("a.sock");
  leave_socket(path);
  ASSERT_TRUE(std::filesystem::exists(path));
  loop on;
  EXPECT_TRUE(listener::bind(on, listen_address::unix_socket(path)));
}

TEST(listener, leaves_a_unix_socket_alone_where_somebody_answers) {
  const socket_directory directory;
  const auto path = directory.file("a.sock");
  loop on;
  const auto first = listener::bind(on, listen_address::unix_socket(path));
  const auto second = listener::bind(on, listen_address::unix_socket(path));
  ASSERT_TRUE(first);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.fault().code(), errc::address_in_use);
  EXPECT_NE(second.fault().detail().find(path), std::string::npos);
  EXPECT_TRUE(std::filesystem::exists(path));
}

TEST(listener, does_not_remove_the_socket_of_its_successor) {
  const socket_directory directory;
  const auto path = directory.file("a.sock");
  loop on;
  auto first = listener::bind(on, listen_address::unix_socket(path));
  ASSERT_TRUE(first);
  std::filesystem::rename(path, directory.file("b.sock"));
  const auto second = listener::bind(on, listen_address::unix_socket(path));
  ASSERT_TRUE(second);
  first->close();
  EXPECT_TRUE(std::filesystem::exists(path));
}

TEST(listener, does_not_remove_a_file_that_is_no_socket) {
  const socket_directory directory;
  const auto path = directory.file("a.sock");
  std::ofstream{path} << "precious";
  loop on;
  const auto door = listener::bind(on, listen_address::unix_socket(path));
  ASSERT_FALSE(door);
  EXPECT_EQ(door.fault().code(), errc::address_unavailable);
  EXPECT_TRUE(std::filesystem::exists(path));
}

TEST(listener, says_what_is_wrong_with_a_unix_socket) {
  const socket_directory directory;
  loop on;
  const auto nowhere = listener::bind(on, listen_address::unix_socket(directory.file("no/such.sock")));
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.fault().code(), errc::address_unavailable);
  const auto endless = listener::bind(on, listen_address::unix_socket("/tmp/" + std::string(200, 'x')));
  ASSERT_FALSE(endless);
  EXPECT_NE(endless.fault().detail().find("longer"), std::string::npos);
}

} // namespace
} // namespace causeway::net
