// SPDX-License-Identifier: Apache-2.0
#include "net/http_client.h"

#include "net/run_task.h"
#include "net/test_certificates.h"
#include "net/wake_up.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <gtest/gtest.h>

#include <unistd.h>

#include <array>

namespace causeway::net {
namespace {

struct scene {
  loop on;
  task_group tasks{on};
  wake_up never{on};
  int asked = 0;
  std::optional<http_server> server;
  std::string base;

  explicit scene(std::optional<tls_server_context> tls = {}) {
    base = tls ? "https://localhost:" : "http://127.0.0.1:";
    auto started = http_server::start(on, tasks, {"127.0.0.1", 0}, std::move(tls), {},
                                      [this](http_request r) { return answer(this, std::move(r)); });
    EXPECT_TRUE(started);
    server.emplace(std::move(*started));
    base += std::to_string(server->port());
  }
  ~scene() { run_task(on, tasks.stop()); }

  static task<http_response> answer(scene* s, http_request request) {
    ++s->asked;
    if (request.path() == "/never") co_await s->never.wait();
    http_response response;
    response.content_type = "text/plain";
    if (request.path() == "/status") response.status = 429;
    response.headers.emplace_back("Retry-After", "3");
    response.body = request.path() == "/big"
                        ? std::string(5000, 'x')
                        : request.method + " " + request.target + " " + std::string{request.header("x-key")} +
                              "|" + std::string{request.header("content-type")} + "|" + request.body;
    co_return response;
  }

  http_call to(std::string path) {
    http_call request;
    request.url = base + path;
    return request;
  }
};

task<> keep_answer(http_client* client, http_call request, std::optional<result<http_answer>>* into,
                   wake_up* done) {
  auto got = co_await client->call(std::move(request));
  into->emplace(std::move(got));
  done->notify();
}

task<> wait_for(wake_up* bell) {
  co_await bell->wait();
}

task<> turn() {
  co_await sleep_for(std::chrono::milliseconds{0});
}

TEST(http_client, sends_what_it_is_told_and_brings_the_answer) {
  scene s;
  http_client client{s.on, {}};
  auto request = s.to("/a?b=c");
  request.method = "PUT";
  request.headers = {{"X-Key", "value"}, {"Content-Type", "application/json"}};
  request.body = "{}";
  const auto answer = run_task(s.on, client.call(request));
  ASSERT_TRUE(answer) << answer.fault().message();
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "PUT /a?b=c value|application/json|{}");
  EXPECT_EQ(answer->header("retry-after"), "3");
  EXPECT_GT(answer->total.count(), 0);
}

TEST(http_client, knows_every_method_the_gateway_uses) {
  scene s;
  http_client client{s.on, {}};
  for (const auto* method : {"GET", "POST", "PATCH", "DELETE", "GET"}) {
    auto request = s.to("/m");
    request.method = method;
    const auto answer = run_task(s.on, client.call(request));
    ASSERT_TRUE(answer) << answer.fault().message();
    EXPECT_EQ(answer->body, std::string{method} + " /m ||");
  }
  auto head = s.to("/m");
  head.method = "HEAD";
  const auto answer = run_task(s.on, client.call(head));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "");
  EXPECT_EQ(answer->header("content-length"), "10");
}

TEST(http_client, a_status_is_a_value) {
  scene s;
  http_client client{s.on, {}};
  const auto answer = run_task(s.on, client.call(s.to("/status")));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 429);
}

TEST(http_client, keeps_its_connection_over_tls) {
  scene s{test_server_context()};
  http_client client{s.on, {test_certificates() + "/ca.pem"}};
  for (int i = 0; i < 3; ++i) {
    const auto answer = run_task(s.on, client.call(s.to("/" + std::to_string(i))));
    ASSERT_TRUE(answer) << answer.fault().message();
    EXPECT_EQ(answer->timing.tls.count() > 0, i == 0);
  }
  EXPECT_EQ(s.server->connections(), 1U);
}

using local_acceptor = asio::local::stream_protocol::acceptor;

task<> answer_one(local_acceptor* at, std::string* request) {
  auto socket = co_await at->async_accept(asio::use_awaitable);
  co_await asio::async_read_until(socket, asio::dynamic_buffer(*request), "\r\n\r\n", asio::use_awaitable);
  static constexpr std::string_view text = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
  co_await asio::async_write(socket, asio::buffer(text), asio::use_awaitable);
}

TEST(http_client, speaks_over_a_unix_socket) {
  loop on;
  const auto path = testing::TempDir() + "http_client_" + std::to_string(getpid()) + ".sock";
  unlink(path.c_str());
  local_acceptor acceptor{on.executor(), asio::local::stream_protocol::endpoint{path}};
  std::string request;
  task_group tasks{on};
  tasks.spawn("server", restart_policy::never, [&] { return answer_one(&acceptor, &request); });
  http_client_options options;
  options.unix_socket = path;
  http_client client{on, options};
  http_call call;
  call.url = "http://causeway/status?x=1";
  const auto answer = run_task(on, client.call(call));
  ASSERT_TRUE(answer) << answer.fault().message();
  EXPECT_EQ(answer->body, "hi");
  EXPECT_EQ(request.substr(0, request.find('\r')), "GET /status?x=1 HTTP/1.1");
  unlink(path.c_str());
  run_task(on, tasks.stop());
}

TEST(http_client, refuses_an_untrusted_server_and_says_why) {
  scene s{test_server_context()};
  const auto other = test_certificates() + "/stranger";
  ASSERT_TRUE(make_certificates(other, {"localhost"}));
  http_client client{s.on, {other + "/ca.pem"}};
  const auto answer = run_task(s.on, client.call(s.to("/")));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.fault().code(), errc::tls_untrusted);
  EXPECT_NE(answer.fault().detail().find("localhost:"), std::string::npos);
  EXPECT_NE(answer.fault().detail().find("certificate"), std::string::npos) << answer.fault().detail();
  EXPECT_EQ(s.asked, 0);
}

TEST(http_client, names_what_went_wrong) {
  scene s;
  http_client client{s.on, {}};
  const auto code_of = [&](const std::string& url) {
    http_call request;
    request.url = url;
    const auto answer = run_task(s.on, client.call(request));
    return answer ? errc::internal : answer.fault().code();
  };
  const auto free_port = listener::bind(s.on, {"127.0.0.1", 0})->port();
  EXPECT_EQ(code_of("http://127.0.0.1:" + std::to_string(free_port)), errc::connection_refused);
  EXPECT_EQ(code_of("file:///etc/hostname"), errc::http_protocol);
  auto big = s.to("/big");
  big.max_answer = 4999;
  EXPECT_EQ(run_task(s.on, client.call(big)).fault().code(), errc::body_too_large);
  auto slow = s.to("/never");
  slow.time_out = std::chrono::milliseconds{20};
  EXPECT_EQ(run_task(s.on, client.call(slow)).fault().code(), errc::connection_timed_out);
  EXPECT_TRUE(run_task(s.on, client.call(s.to("/after"))));
}

TEST(http_client, hears_of_a_connection_that_has_the_number_of_one_that_was_never_made) {
  using tcp = asio::ip::tcp;
  scene s;
  // Its queue is full with one: who comes then is not answered at all.
  asio::basic_socket_acceptor<tcp, asio::any_io_executor> full{s.on.executor(), tcp::v4()};
  full.bind(tcp::endpoint{asio::ip::address_v4::loopback(), 0});
  full.listen(0);
  asio::basic_stream_socket<tcp, asio::any_io_executor> first{s.on.executor()};
  first.connect(full.local_endpoint());

  http_client client{s.on, {}};
  http_call to_nobody;
  to_nobody.url = "http://127.0.0.1:" + std::to_string(full.local_endpoint().port());
  to_nobody.time_out = std::chrono::milliseconds{50};
  EXPECT_EQ(run_task(s.on, client.call(to_nobody)).fault().code(), errc::connection_timed_out);
  EXPECT_TRUE(run_task(s.on, client.call(s.to("/after"))));
}

TEST(http_client, waits_for_a_turn_and_refuses_above_its_bound) {
  scene s;
  http_client client{s.on, {{}, 1, 1}};
  std::array<std::optional<result<http_answer>>, 2> held;
  task_group calls{s.on};
  wake_up done{s.on};
  calls.spawn("first", restart_policy::never,
              [&] { return keep_answer(&client, s.to("/never"), &held[0], &done); });
  calls.spawn("second", restart_policy::never,
              [&] { return keep_answer(&client, s.to("/2"), &held[1], &done); });
  while (s.asked == 0)
    run_task(s.on, turn());
  const auto third = run_task(s.on, client.call(s.to("/3")));
  ASSERT_FALSE(third);
  EXPECT_EQ(third.fault().code(), errc::connection_refused);
  EXPECT_NE(third.fault().detail().find("too many requests waiting"), std::string::npos);
  s.never.notify();
  run_task(s.on, wait_for(&done));
  if (!held[1]) run_task(s.on, wait_for(&done));
  EXPECT_TRUE(held[0] && *held[0]);
  EXPECT_TRUE(held[1] && *held[1]);
}

TEST(http_client, ends_calls_with_stopped_when_cancelled_or_gone) {
  scene s;
  auto client = std::make_unique<http_client>(s.on, http_client_options{{}, 1, 10});
  std::array<std::optional<result<http_answer>>, 2> held;
  wake_up done{s.on};
  task_group calls{s.on};
  calls.spawn("running", restart_policy::never,
              [&] { return keep_answer(client.get(), s.to("/never"), &held[0], &done); });
  while (s.asked == 0)
    run_task(s.on, turn());
  run_task(s.on, calls.stop());
  ASSERT_TRUE(held[0] && !*held[0]);
  EXPECT_EQ(held[0]->fault().code(), errc::stopped);
  // The cancelled call has left its place to the next.
  EXPECT_TRUE(run_task(s.on, client->call(s.to("/next"))));

  task_group more{s.on};
  for (auto& place : held) {
    place.reset();
    more.spawn("call", restart_policy::never,
               [&] { return keep_answer(client.get(), s.to("/never"), &place, &done); });
  }
  while (s.asked < 3)
    run_task(s.on, turn());
  client.reset();
  while (more.running() > 0)
    run_task(s.on, turn());
  for (const auto& place : held)
    EXPECT_EQ(place->fault().code(), errc::stopped);
}

// Answers the first request of a connection and ends the connection at the second, without a byte.
struct server_that_leaves {
  using tcp = asio::ip::tcp;
  loop on;
  task_group tasks{on};
  asio::basic_socket_acceptor<tcp, asio::any_io_executor> acceptor{
      on.executor(), tcp::endpoint{asio::ip::address_v4::loopback(), 0}};
  std::vector<std::string> requests; // first lines
  std::optional<boost::system::error_code> end;
  bool answers = true;

  server_that_leaves() {
    tasks.spawn("accept", restart_policy::never, [this] { return accept(this); });
  }
  ~server_that_leaves() { run_task(on, tasks.stop()); }
  http_call to(const std::string& path) const {
    http_call call;
    call.method = "POST";
    call.url = "http://127.0.0.1:" + std::to_string(acceptor.local_endpoint().port()) + path;
    return call;
  }

  static task<> accept(server_that_leaves* s) {
    for (;;) {
      auto socket = co_await s->acceptor.async_accept(asio::use_awaitable);
      s->tasks.spawn(
          "serve", restart_policy::never,
          [s, made = std::make_shared<decltype(socket)>(std::move(socket))] { return serve(s, made); });
    }
  }
  template <class Socket>
  static task<> serve(server_that_leaves* s, std::shared_ptr<Socket> socket) {
    std::string read;
    for (int served = 0;; ++served) {
      const auto [ec, size] = co_await asio::async_read_until(*socket, asio::dynamic_buffer(read), "\r\n\r\n",
                                                              asio::as_tuple(asio::use_awaitable));
      if (ec) {
        s->end = ec;
        co_return;
      }
      s->requests.push_back(read.substr(0, read.find('\r')));
      read.erase(0, size);
      if (served == 1) co_return;
      if (!s->answers) continue;
      co_await asio::async_write(
          *socket, asio::buffer(std::string_view{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}),
          asio::use_awaitable);
    }
  }
};

TEST(http_client, a_body_may_be_taken_as_it_comes_and_be_longer_than_an_answer_may) {
  scene s;
  http_client client{s.on, {}};
  auto request = s.to("/big");
  request.max_answer = 100;
  std::string taken;
  request.on_bytes = [&](std::string_view bytes) {
    taken += bytes;
    return true;
  };
  const auto whole = run_task(s.on, client.call(request));
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->body, "");
  EXPECT_EQ(taken, std::string(5000, 'x'));

  request.on_bytes = [](std::string_view) { return false; };
  EXPECT_EQ(run_task(s.on, client.call(request)).fault().code(), errc::http_protocol);
  request.url = s.base + "/status"; // what is no 200 is a body as ever
  request.max_answer = 1'000;
  const auto refused = run_task(s.on, client.call(request));
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 429);
  EXPECT_NE(refused->body, "");
}

// libcurl sends a request again by itself, POSTs too, when a kept connection ends before any byte of an
// answer.
TEST(http_client, a_call_that_must_not_be_repeated_leaves_once) {
  server_that_leaves s;
  http_client client{s.on, {}};
  int asked = 0;
  const auto call = [&](const std::string& path) {
    auto request = s.to(path);
    request.before_sending = [&] {
      ++asked;
      return true;
    };
    return run_task(s.on, client.call(request));
  };
  ASSERT_TRUE(call("/first"));
  const auto second = call("/second");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.fault().code(), errc::connection_lost);
  EXPECT_EQ(s.requests, (std::vector<std::string>{"POST /first HTTP/1.1", "POST /second HTTP/1.1"}));
  EXPECT_EQ(asked, 2);
  ASSERT_TRUE(call("/third"));
  EXPECT_EQ(s.requests.back(), "POST /third HTTP/1.1");
}

TEST(http_client, a_call_that_is_withheld_has_not_left) {
  server_that_leaves s;
  http_client client{s.on, {}};
  auto request = s.to("/withheld");
  request.before_sending = [] { return false; };
  const auto answer = run_task(s.on, client.call(request));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.fault().code(), errc::stopped);
  ASSERT_TRUE(run_task(s.on, client.call(s.to("/other"))));
  EXPECT_EQ(s.requests, std::vector<std::string>{"POST /other HTTP/1.1"});
}

TEST(http_client, a_call_that_reaches_nobody_has_not_left) {
  loop on;
  http_client client{on, {}};
  http_call request;
  request.url = "http://127.0.0.1:" + std::to_string(listener::bind(on, {"127.0.0.1", 0})->port());
  bool left = false;
  request.before_sending = [&] { return left = true; };
  EXPECT_EQ(run_task(on, client.call(request)).fault().code(), errc::connection_refused);
  EXPECT_FALSE(left);
}

TEST(http_client, a_connection_that_is_to_be_final_ends_with_a_reset) {
  for (const bool is_final : {true, false}) {
    server_that_leaves s;
    s.answers = false;
    http_client_options options;
    if (is_final) options.final_within = std::chrono::seconds{10};
    auto client = std::make_unique<http_client>(s.on, options);
    std::optional<result<http_answer>> held;
    wake_up done{s.on};
    task_group calls{s.on};
    calls.spawn("call", restart_policy::never,
                [&] { return keep_answer(client.get(), s.to("/never"), &held, &done); });
    while (s.requests.empty())
      run_task(s.on, turn());
    client.reset();
    while (!s.end || calls.running() > 0)
      run_task(s.on, turn());
    EXPECT_EQ(*s.end == asio::error::connection_reset, is_final) << s.end->message();
  }
}

TEST(http_client, makes_many_calls_over_few_connections) {
  scene s{test_server_context()};
  http_client client{s.on, {test_certificates() + "/ca.pem", 4}};
  std::array<std::optional<result<http_answer>>, 100> held;
  wake_up done{s.on};
  task_group calls{s.on};
  for (auto& place : held)
    calls.spawn("call", restart_policy::never,
                [&] { return keep_answer(&client, s.to("/"), &place, &done); });
  while (calls.running() > 0)
    run_task(s.on, turn());
  for (const auto& place : held)
    EXPECT_TRUE(place && *place && (*place)->status == 200);
  EXPECT_LE(s.server->connections(), 4U);
  EXPECT_EQ(s.asked, 100);
}

} // namespace
} // namespace causeway::net
