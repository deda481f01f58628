// SPDX-License-Identifier: Apache-2.0
// What requests by HTTP/1.1 hold together, and who goes first where that is too much.
#include "net/http2_session_scene.h"
#include "net/http_server_scene.h"

#include <gtest/gtest.h>

#include <functional>
#include <list>

namespace causeway::net {
namespace {

using std::chrono::milliseconds;

std::optional<http_turned_away> who_says_please(http_request& head) {
  if (head.header("Say") == "please") return std::nullopt;
  return http_turned_away{response_of(401, "no")};
}

struct scene : http_server_scene {
  explicit scene(http_limits limits) : http_server_scene{limits, {}, who_says_please} {}
  void until(const std::function<bool()>& done) {
    for (int i = 0; i < 5'000 && !done(); ++i)
      run_task(on, pause());
    EXPECT_TRUE(done());
  }
  static task<> pause() { co_await sleep_for(milliseconds{1}); }
  stream connect() { return run_task(on, open(server->port())); }
  static task<> write(stream* to, std::string bytes) {
    const auto written = co_await to->write(bytes);
    static_cast<void>(written);
  }
  static task<std::string> read(stream* from) {
    std::array<char, 4096> room{};
    const auto size = co_await from->read_some(room);
    co_return size ? std::string{room.data(), *size} : std::string{};
  }
};

const std::string welcome = "POST /x HTTP/1.1\r\nHost: x\r\nSay: please\r\n";

// For a handler that keeps it; so much of its body.
std::string held(std::size_t length, std::size_t sent) {
  return "POST /wait HTTP/1.1\r\nHost: x\r\nSay: please\r\nContent-Length: " + std::to_string(length) +
         "\r\n\r\n" + std::string(sent, 'x');
}

http_limits holding(std::size_t bytes) {
  http_limits limits;
  limits.max_bytes = bytes;
  return limits;
}

TEST(http1_budget, bodies_that_do_not_end_are_given_up_for_those_that_come) {
  constexpr std::size_t most = 400'000, each = 60'000;
  scene s{holding(most)};
  std::list<stream> hanging;
  for (int i = 0; i < 20; ++i) {
    auto& one = hanging.emplace_back(s.connect());
    const auto body = "Content-Length: " + std::to_string(2 * each) + "\r\n\r\n" + std::string(each, 'x');
    run_task(s.on, scene::write(&one, welcome + body));
    run_task(s.on, scene::pause());
    EXPECT_LE(s.server->held_bytes(), most + 2 * each);
  }
  s.until([&] { return s.server->counts().requests_over_budget >= 10; });
  const auto text = run_task(
      s.on, exchange(s.server->port(),
                     welcome + "Connection: close\r\nContent-Length: 5000\r\n\r\n" + std::string(5000, 'y')));
  EXPECT_EQ(status_line(text), "HTTP/1.1 200 OK");
  const auto refused = run_task(s.on, scene::read(&hanging.front()));
  EXPECT_EQ(status_line(refused), "HTTP/1.1 503 Service Unavailable");
  EXPECT_EQ(count(refused, "\r\nRetry-After: "), 1U);
  hanging.clear();
  s.until([&] { return s.server->held_bytes() == 0; });
}

TEST(http1_budget, what_handlers_work_on_counts_until_their_answer) {
  scene s{holding(100'000)};
  auto one = s.connect();
  run_task(s.on, scene::write(&one, held(40000, 20'000)));
  s.until([&] { return s.server->held_bytes() > 10'000; });
  EXPECT_EQ(s.asked, 0);
  one.close();
  s.until([&] { return s.server->held_bytes() == 0; });

  auto other = s.connect();
  run_task(s.on, scene::write(&other, held(25000, 25'000)));
  s.until([&] { return s.asked == 1; });
  EXPECT_GT(s.server->held_bytes(), 25'000U);
  s.gate.notify();
  EXPECT_EQ(status_line(run_task(s.on, scene::read(&other))), "HTTP/1.1 200 OK");
  EXPECT_EQ(s.server->held_bytes(), 0U);
}

TEST(http1_budget, refuses_new_requests_while_handlers_hold_all_of_it) {
  scene s{holding(20'000)};
  auto one = s.connect();
  run_task(s.on, scene::write(&one, held(16000, 16'000)));
  s.until([&] { return s.asked == 1; });
  auto text =
      run_task(s.on, exchange(s.server->port(),
                              welcome + "Content-Length: 9000\r\n\r\n" + std::string(9000, 'y'), false));
  EXPECT_EQ(status_line(text), "HTTP/1.1 503 Service Unavailable");
  s.gate.notify();
  EXPECT_EQ(status_line(run_task(s.on, scene::read(&one))), "HTTP/1.1 200 OK");
}

TEST(http1_budget, a_stranger_goes_before_who_was_let_in_whoever_has_waited_longer) {
  http_limits limits;
  limits.max_connections = 2;
  limits.room_after = milliseconds{0};
  scene s{limits};
  auto known = s.connect();
  run_task(s.on, scene::write(&known, welcome + "Content-Length: 0\r\n\r\n"));
  EXPECT_EQ(status_line(run_task(s.on, scene::read(&known))), "HTTP/1.1 200 OK");
  auto stranger = s.connect();
  s.until([&] { return s.server->connections() == 2; });
  const auto third = run_task(s.on, exchange(s.server->port(), welcome + "Connection: close\r\n\r\n"));
  EXPECT_EQ(status_line(third), "HTTP/1.1 200 OK");
  EXPECT_EQ(run_task(s.on, scene::read(&stranger)), "");
  run_task(s.on, scene::write(&known, welcome + "\r\n"));
  EXPECT_EQ(status_line(run_task(s.on, scene::read(&known))), "HTTP/1.1 200 OK");
}

} // namespace
} // namespace causeway::net
