// SPDX-License-Identifier: Apache-2.0
#include "net/http_client.h"
#include "net/http_server_scene.h"
#include "net/test_certificates.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace causeway::net {
namespace {

using std::chrono::milliseconds;

using scene = http_server_scene;

task<> keep_exchange(std::uint16_t port, std::string bytes, std::string* into, wake_up* done) {
  *into = co_await exchange(port, std::move(bytes), false);
  done->notify();
}

task<std::string> ask(stream* over) {
  constexpr std::string_view request = "GET /x HTTP/1.1\r\nHost: x\r\n\r\n";
  const auto written = co_await over->write(request);
  if (!written) co_return "";
  std::array<char, 4096> room{};
  const auto size = co_await over->read_some(room);
  co_return size ? std::string{room.data(), *size} : "";
}

task<> wait_for(wake_up* bell) {
  co_await bell->wait();
}

task<> turn() {
  co_await sleep_for(milliseconds{0});
}

TEST(http_server, answers_in_full) {
  scene s;
  const auto text = run_task(
      s.on, exchange(s.server->port(), "POST /named HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi"));
  EXPECT_EQ(status_line(text), "HTTP/1.1 200 OK");
  EXPECT_EQ(body_of(text), "POST /named hi from 127.0.0.1");
  EXPECT_EQ(count(text, "\r\nContent-Type: text/plain\r\n"), 1U);
  EXPECT_EQ(count(text, "\r\nContent-Length: 29\r\n"), 1U);
  EXPECT_EQ(count(text, "\r\nX-Name: value\r\n"), 1U);
  EXPECT_EQ(count(text, "\r\nDate: "), 1U);
  EXPECT_EQ(count(text, "Connection"), 0U);
}

TEST(http_server, answers_ten_pipelined_requests_in_their_order) {
  scene s;
  std::string bytes;
  for (int i = 0; i < 10; ++i)
    bytes += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\n\r\n";
  const auto text = run_task(s.on, exchange(s.server->port(), bytes));
  EXPECT_EQ(count(text, "HTTP/1.1 200 OK"), 10U);
  std::size_t last = 0;
  for (int i = 0; i < 10; ++i) {
    const auto at = text.find("GET /" + std::to_string(i) + " ");
    ASSERT_NE(at, std::string::npos);
    EXPECT_GE(at, last);
    last = at;
  }
}

TEST(http_server, answers_head_with_the_length_and_no_body) {
  scene s;
  const auto text = run_task(s.on, exchange(s.server->port(), "HEAD /x HTTP/1.1\r\nHost: x\r\n\r\n"));
  EXPECT_EQ(count(text, "\r\nContent-Length: 23\r\n"), 1U);
  EXPECT_EQ(body_of(text), "");
}

TEST(http_server, closes_when_the_client_asks_for_it) {
  scene s;
  const auto text = run_task(
      s.on, exchange(s.server->port(), "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", false));
  EXPECT_EQ(count(text, "\r\nConnection: close\r\n"), 1U);
}

TEST(http_server, tells_the_client_to_go_on_before_the_body) {
  scene s;
  const auto head = "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nConnection: "
                    "close\r\nContent-Length: 0002\r\n\r\n";
  const auto text = run_task(s.on, exchange(s.server->port(), std::string{head} + "hi"));
  EXPECT_EQ(body_of(text).substr(0, 4), "POST"); // the body was there already: nothing to wait for
  const auto waiting = run_task(s.on, exchange(s.server->port(), head));
  EXPECT_EQ(waiting, "HTTP/1.1 100 Continue\r\n\r\n");
}

TEST(http_server, lets_a_client_see_the_413_though_it_sends_the_whole_body) {
  http_limits limits;
  limits.max_body = 1000;
  scene s{limits};
  const std::string big(3'000'000, 'x');
  const auto sized =
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(big.size()) + "\r\n\r\n" + big;
  const auto chunked =
      "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2dc6c0\r\n" + big + "\r\n0\r\n\r\n";
  for (const auto& bytes : {sized, chunked}) {
    const auto text = run_task(s.on, exchange(s.server->port(), bytes));
    EXPECT_EQ(status_line(text), "HTTP/1.1 413 Content Too Large");
    EXPECT_EQ(body_of(text), R"({"error":"body_too_large","message":"the body is larger than allowed"})");
  }
  EXPECT_EQ(s.asked, 0);
}

TEST(http_server, refuses_garbage_and_long_headers) {
  scene s;
  EXPECT_EQ(status_line(run_task(s.on, exchange(s.server->port(), "what is this\r\n\r\n"))),
            "HTTP/1.1 400 Bad Request");
  const auto text = run_task(
      s.on, exchange(s.server->port(), "GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(20'000, 'x')));
  EXPECT_EQ(status_line(text), "HTTP/1.1 431 Request Header Fields Too Large");
}

TEST(http_server, answers_500_to_a_fault_and_serves_on) {
  scene s;
  const auto text =
      run_task(s.on, exchange(s.server->port(),
                              "GET /throw HTTP/1.1\r\nHost: x\r\n\r\nGET /x HTTP/1.1\r\nHost: x\r\n\r\n"));
  EXPECT_EQ(status_line(text), "HTTP/1.1 500 Internal Server Error");
  EXPECT_EQ(count(text, "a bug"), 0U);
  EXPECT_EQ(count(text, "HTTP/1.1 200 OK"), 1U);
}

TEST(http_server, does_not_let_a_value_begin_a_header) {
  scene s;
  const auto text = run_task(s.on, exchange(s.server->port(), "GET /forge HTTP/1.1\r\nHost: x\r\n\r\n"));
  EXPECT_EQ(status_line(text), "HTTP/1.1 200 OK");
  EXPECT_EQ(count(text, "X-Forged"), 0U);
}

TEST(http_server, ends_requests_that_do_not_come_to_their_end_and_idle_connections) {
  http_limits limits;
  limits.header_time_out = limits.body_time_out = limits.idle_time_out = milliseconds{20};
  scene s{limits};
  const auto half_header =
      run_task(s.on, exchange(s.server->port(), "GET / HTTP/1.1\r\nHost: x\r\nX:", false));
  EXPECT_EQ(status_line(half_header), "HTTP/1.1 408 Request Timeout");
  const auto half_body = run_task(
      s.on, exchange(s.server->port(), "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nx", false));
  EXPECT_EQ(status_line(half_body), "HTTP/1.1 408 Request Timeout");
  EXPECT_EQ(run_task(s.on, exchange(s.server->port(), "", false)), "");
  EXPECT_EQ(s.asked, 0);
}

TEST(http_server, stop_answers_what_is_under_way_and_closes_what_is_idle) {
  scene s;
  wake_up idle_done{s.on};
  wake_up busy_done{s.on};
  std::string idle;
  std::string busy;
  const auto port = s.server->port();
  s.tasks.spawn("idle", restart_policy::never, [&] { return keep_exchange(port, "", &idle, &idle_done); });
  s.tasks.spawn("busy", restart_policy::never, [&] {
    return keep_exchange(port, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n", &busy, &busy_done);
  });
  while (s.asked == 0 || s.server->connections() < 2)
    run_task(s.on, turn());
  s.server->stop_accepting();
  run_task(s.on, wait_for(&idle_done));
  EXPECT_EQ(idle, "");
  EXPECT_EQ(s.server->connections(), 1U);
  s.gate.notify();
  run_task(s.on, wait_for(&busy_done));
  EXPECT_EQ(status_line(busy), "HTTP/1.1 200 OK");
  EXPECT_EQ(count(busy, "\r\nConnection: close\r\n"), 1U);
  EXPECT_FALSE(run_task(s.on, open(port)).is_open());
}

TEST(http_server, holds_its_limit_of_connections) {
  http_limits limits;
  limits.max_connections = 1;
  scene s{limits};
  std::vector<const http_request*> lost;
  s.server->tell([&](const http_request* head) { lost.push_back(head); });
  auto first = run_task(s.on, open(s.server->port()));
  EXPECT_EQ(status_line(run_task(s.on, ask(&first))), "HTTP/1.1 200 OK");
  EXPECT_TRUE(lost.empty());
  const auto text = run_task(s.on, exchange(s.server->port(), "", false));
  EXPECT_EQ(text, "");
  EXPECT_EQ(s.server->connections(), 1U);
  EXPECT_EQ(lost, std::vector<const http_request*>{nullptr}) << "who it was nobody knows";
  EXPECT_EQ(status_line(run_task(s.on, ask(&first))), "HTTP/1.1 200 OK");
}

TEST(http_server, closes_who_has_waited_longest_to_make_room_for_one_more) {
  http_limits limits;
  limits.max_connections = 2;
  limits.room_after = milliseconds{0};
  scene s{limits};
  const auto port = s.server->port();
  wake_up done{s.on};
  std::string text = "nothing";
  s.tasks.spawn("oldest", restart_policy::never, [&] { return keep_exchange(port, "GET", &text, &done); });
  while (s.server->connections() < 1)
    run_task(s.on, turn());
  const auto second = run_task(s.on, open(port));
  while (s.server->connections() < 2)
    run_task(s.on, turn());
  const auto third =
      run_task(s.on, exchange(port, "GET /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
  EXPECT_EQ(status_line(third), "HTTP/1.1 200 OK");
  run_task(s.on, wait_for(&done));
  EXPECT_EQ(text, "");
  EXPECT_EQ(s.server->connections(), 1U);
  EXPECT_EQ(s.server->refused(), 1U);
}

TEST(http_server, closes_nobody_whose_request_is_under_way_to_make_room) {
  scene s{one_connection()};
  const auto port = s.server->port();
  wake_up done{s.on};
  std::string text = "nothing";
  const std::string request = "GET /wait HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  s.tasks.spawn("busy", restart_policy::never, [&] { return keep_exchange(port, request, &text, &done); });
  while (s.asked == 0)
    run_task(s.on, turn());
  EXPECT_EQ(run_task(s.on, exchange(port, "", false)), "");
  s.gate.notify();
  run_task(s.on, wait_for(&done));
  EXPECT_EQ(status_line(text), "HTTP/1.1 200 OK");
}

TEST(http_server, the_end_of_its_tasks_ends_requests_under_way) {
  scene s;
  wake_up done{s.on};
  task_group clients{s.on};
  std::string text = "nothing";
  clients.spawn("client", restart_policy::never, [&] {
    return keep_exchange(s.server->port(), "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n", &text, &done);
  });
  while (s.asked == 0)
    run_task(s.on, turn());
  run_task(s.on, s.tasks.stop());
  EXPECT_EQ(s.server->connections(), 0U);
  run_task(s.on, wait_for(&done));
  EXPECT_EQ(text, "");
}

TEST(http_server, tells_a_handler_when_its_client_has_gone) {
  scene s;
  auto client = run_task(s.on, open(s.server->port()));
  const auto turn_until = [&](const int& count) {
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    while (count == 0 && std::chrono::steady_clock::now() < give_up)
      run_task(s.on, turn());
  };
  ASSERT_TRUE(run_task(s.on, client.write("GET /leave HTTP/1.1\r\nHost: a\r\n\r\n")));
  turn_until(s.asked);
  for (int i = 0; i < 1000; ++i)
    run_task(s.on, turn());
  EXPECT_EQ(s.handled, 0);
  client.close();
  turn_until(s.handled);
  EXPECT_EQ(s.handled, 1);
}

TEST(http_server, closes_without_a_byte_when_the_handler_says_nothing) {
  scene s;
  EXPECT_EQ(run_task(s.on, exchange(s.server->port(), "GET /silent HTTP/1.1\r\nHost: a\r\n\r\n", false)), "");
  EXPECT_EQ(s.handled, 1);
}

TEST(http_server, answers_on_a_unix_socket) {
  auto name = (std::filesystem::temp_directory_path() / "http_server.XXXXXX").string();
  ASSERT_NE(::mkdtemp(name.data()), nullptr);
  const auto path = name + "/admin.sock";
  scene s;
  auto started =
      http_server::start(s.on, s.tasks, listen_address::unix_socket(path), {}, {},
                         [&s](http_request request) { return scene::answer(&s, std::move(request)); });
  ASSERT_TRUE(started) << started.fault().message();
  http_client_options options;
  options.unix_socket = path;
  http_client client{s.on, options};
  http_call call;
  call.url = "http://gateway/api/status?x=1";
  const auto answer = run_task(s.on, client.call(call));
  ASSERT_TRUE(answer) << answer.fault().message();
  EXPECT_EQ(answer->body, "GET /api/status?x=1  from unix,uid=" + std::to_string(::geteuid()));
  started->stop_accepting();
  EXPECT_FALSE(std::filesystem::exists(path));
  std::filesystem::remove_all(name);
}

} // namespace
} // namespace causeway::net
