// SPDX-License-Identifier: Apache-2.0
// HTTP/2 through http_server, over TLS sockets.
#include "net/http2_test_client.h"
#include "net/http_server_scene.h"
#include "net/test_certificates.h"

#include <gtest/gtest.h>

#include <array>
#include <functional>

namespace causeway::net {
namespace {

using std::chrono::milliseconds;

constexpr std::uint32_t refused_stream = 7; // RFC 9113 section 7
const std::vector<std::string> both{"h2", "http/1.1"};

// A limit of what all connections hold together.
http_limits holding(std::size_t bytes) {
  http_limits limits;
  limits.max_bytes = bytes;
  return limits;
}

struct scene : http_server_scene {
  explicit scene(http_limits limits = {})
      : http_server_scene{limits, *tls_server_context::make(test_certificates() + "/server.pem",
                                                            test_certificates() + "/server-key.pem", both)} {}

  // Other tasks go on until then; 10 s at most.
  void until(const std::function<bool()>& done) {
    for (int i = 0; i < 10'000 && !done(); ++i)
      run_task(on, pause());
    EXPECT_TRUE(done());
  }
  static task<> pause() { co_await sleep_for(milliseconds{1}); }
};

task<stream> open(std::uint16_t port, std::vector<std::string> protocols) {
  connect_options options;
  options.host = "localhost";
  options.port = port;
  options.tls = *tls_client_context::make(test_certificates() + "/ca.pem", protocols);
  auto connected = co_await connect(std::move(options));
  co_return connected ? std::move(connected->bytes) : stream{};
}

// A connection, whose bytes a task moves until it ends.
struct client {
  scene& of;
  http2_test_client codec;
  stream bytes;
  task_group tasks;
  bool ended = false;

  explicit client(scene& s, std::uint32_t window = 65'535)
      : of{s}, codec{window}, bytes{run_task(s.on, open(s.server->port(), {"h2"}))}, tasks{s.on} {
    EXPECT_EQ(bytes.protocol(), "h2");
    tasks.spawn("reads", restart_policy::never, [this] { return read(this); });
  }
  ~client() { run_task(of.on, tasks.stop()); }

  static task<> read(client* c) {
    std::array<char, 4096> room{};
    for (;;) {
      const auto size = co_await c->bytes.read_some(room);
      if (!size) break;
      c->codec.feed({room.data(), *size});
      co_await flush(c);
    }
    c->ended = true;
  }
  static task<> flush(client* c) {
    const auto out = c->codec.take_output();
    if (out.empty()) co_return;
    const auto written = co_await c->bytes.write(out);
    static_cast<void>(written);
  }
  void send() { run_task(of.on, flush(this)); }
  std::int32_t post(const std::string& path, std::string body, bool ends = true) {
    const auto id = codec.post(path, std::move(body), {}, ends);
    send();
    return id;
  }
  // A request that does not come to its end; it has come so far.
  std::int32_t hang() {
    const auto before = of.server->held_bytes();
    const auto id = post("/x", "half", false);
    of.until([&] { return of.server->held_bytes() > before; });
    return id;
  }
  const http2_test_client::answer& answer_to(std::int32_t id) {
    of.until([&] { return codec.answers[id].closed || ended; });
    return codec.answers[id];
  }
};

// By HTTP/1.1, with what the server says until it closes.
task<std::string> exchange(stream bytes, std::string request) {
  const auto written = co_await bytes.write(request);
  static_cast<void>(written);
  std::string text;
  std::array<char, 4096> room{};
  for (;;) {
    const auto size = co_await bytes.read_some(room);
    if (!size) co_return text;
    text.append(room.data(), *size);
  }
}

TEST(http2_server, speaks_http2_with_who_offers_it_and_http1_with_others) {
  scene s;
  client c{s};
  const auto& answer = c.answer_to(c.post("/x?y", "body"));
  EXPECT_EQ(answer.status(), "200");
  EXPECT_EQ(answer.body, "POST /x?y body from 127.0.0.1");
  EXPECT_EQ(answer.field("content-type"), "text/plain");
  EXPECT_EQ(answer.field("date").size(), 29U);
  EXPECT_EQ(s.server->http2_connections(), 1U);
  const std::vector<std::vector<std::string>> others{{}, {"http/1.1"}, {"spdy/3"}};
  for (const auto& offered : others) {
    auto bytes = run_task(s.on, open(s.server->port(), offered));
    ASSERT_TRUE(bytes.is_open());
    const auto text =
        run_task(s.on, exchange(std::move(bytes), "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
    EXPECT_EQ(text.substr(0, 15), "HTTP/1.1 200 OK");
  }
}

TEST(http2_server, answers_many_requests_of_one_connection_each_by_itself) {
  scene s;
  client c{s};
  const auto waits = c.post("/wait", "");
  const auto fault = c.post("/throw", "");
  std::vector<std::int32_t> ids;
  for (int i = 0; i < 500; ++i)
    ids.push_back(c.codec.post("/" + std::to_string(i), std::string(3000, 'x')));
  c.send();
  s.until([&] { return c.codec.answers[ids.back()].closed; });
  for (int i = 0; i < 500; ++i) {
    const auto& answer = c.answer_to(ids[static_cast<std::size_t>(i)]);
    EXPECT_EQ(answer.status(), "200");
    EXPECT_TRUE(answer.body.starts_with("POST /" + std::to_string(i) + " x"));
  }
  EXPECT_EQ(c.answer_to(fault).status(), "500");
  EXPECT_FALSE(c.codec.answers[waits].closed);
  s.gate.notify();
  EXPECT_EQ(c.answer_to(waits).status(), "200");
  EXPECT_EQ(s.server->connections(), 1U);
}

TEST(http2_server, a_request_whose_stream_is_reset_is_handled_to_its_end) {
  scene s;
  client c{s};
  const auto id = c.post("/wait", "");
  s.until([&] { return s.asked == 1; });
  c.codec.cancel(id);
  c.send();
  EXPECT_EQ(c.answer_to(c.post("/x", "")).status(), "200");
  s.gate.notify();
  s.until([&] { return s.handled == 2; });
  EXPECT_EQ(c.answer_to(c.post("/y", "")).status(), "200");
}

TEST(http2_server, a_request_whose_connection_is_gone_is_handled_to_its_end) {
  scene s;
  {
    client c{s};
    c.post("/wait", "");
    s.until([&] { return s.asked == 1; });
  }
  s.until([&] { return s.server->connections() == 0; });
  EXPECT_EQ(s.handled, 0);
  s.gate.notify();
  s.until([&] { return s.handled == 1; });
}

TEST(http2_server, refuses_what_is_too_long_and_keeps_the_connection) {
  http_limits limits;
  limits.max_body = 1000;
  scene s{limits};
  client c{s};
  const auto& long_body = c.answer_to(c.post("/x", std::string(100'000, 'x')));
  EXPECT_EQ(long_body.status(), "413");
  EXPECT_EQ(long_body.body, R"({"error":"body_too_large","message":"the body is larger than allowed"})");
  const auto long_header = c.codec.post("/x", "", {{"x", std::string(20'000, 'x')}});
  c.send();
  EXPECT_EQ(c.answer_to(long_header).status(), "431");
  EXPECT_EQ(s.asked, 0);
  EXPECT_EQ(c.answer_to(c.post("/x", std::string(1000, 'x'))).status(), "200");
}

TEST(http2_server, ends_requests_that_do_not_come_to_their_end_and_says_goodbye_to_who_is_idle) {
  http_limits limits;
  limits.body_time_out = milliseconds{20};
  limits.idle_time_out = milliseconds{200};
  scene s{limits};
  client c{s};
  const auto id = c.post("/x", "half", false);
  s.until([&] { return c.codec.answers[id].status() == "408"; });
  EXPECT_FALSE(c.codec.sent_away);
  s.until([&] { return c.codec.sent_away; });
  EXPECT_EQ(c.codec.sent_away_by, 0U);
  c.bytes.close();
  s.until([&] { return s.server->connections() == 0; });
}

TEST(http2_server, cuts_off_who_does_not_close_after_the_goodbye) {
  http_limits limits;
  limits.idle_time_out = milliseconds{20};
  scene s{limits};
  client c{s};
  s.until([&] { return c.ended; });
  EXPECT_TRUE(c.codec.sent_away);
}

TEST(http2_server, does_not_wait_for_a_client_that_takes_no_answer) {
  http_limits limits;
  limits.idle_time_out = milliseconds{20};
  scene s{limits};
  client c{s, 0}; // its window has no room
  const auto id = c.post("/x", "");
  EXPECT_NE(c.answer_to(id).reset, 0U);
  s.until([&] { return c.ended; });
}

TEST(http2_server, stop_answers_what_is_under_way_and_ends_what_is_idle) {
  scene s;
  client idle{s};
  client busy{s};
  EXPECT_EQ(idle.answer_to(idle.post("/x", "")).status(), "200");
  const auto id = busy.post("/wait", "");
  s.until([&] { return s.asked == 2; });
  s.server->stop_accepting();
  s.until([&] { return idle.codec.sent_away && busy.codec.sent_away; });
  idle.bytes.close();
  s.until([&] { return s.server->connections() == 1; });
  // What comes too late the client may send elsewhere.
  busy.post("/late", "");
  EXPECT_FALSE(busy.codec.answers[id].closed);
  s.gate.notify();
  EXPECT_EQ(busy.answer_to(id).status(), "200");
  EXPECT_EQ(s.asked, 2);
  busy.bytes.close();
  s.until([&] { return s.server->connections() == 0; });
}

TEST(http2_server, the_end_of_its_tasks_ends_requests_under_way) {
  scene s;
  client c{s};
  c.post("/wait", "");
  s.until([&] { return s.asked == 1; });
  run_task(s.on, s.tasks.stop());
  EXPECT_EQ(s.server->connections(), 0U);
  s.until([&] { return c.ended; });
}

// It counts as two.
http_limits one_of_http2() {
  auto limits = one_connection();
  limits.max_connections = 2;
  return limits;
}

TEST(http2_server, closes_who_lets_a_request_hang_to_make_room_for_one_more) {
  scene s{one_of_http2()};
  client hangs{s};
  hangs.hang(); // before that has come, its handshake may not be over here
  client next{s};
  EXPECT_EQ(next.answer_to(next.post("/x", "")).status(), "200");
  s.until([&] { return hangs.ended; });
  EXPECT_EQ(s.server->refused(), 1U);
}

TEST(http2_server, closes_nobody_whose_request_is_under_way_to_make_room) {
  scene s{one_of_http2()};
  client busy{s};
  const auto id = busy.post("/wait", "");
  s.until([&] { return s.asked == 1; });
  client refused{s};
  s.until([&] { return refused.ended; });
  s.gate.notify();
  EXPECT_EQ(busy.answer_to(id).status(), "200");
}

TEST(http2_server, refuses_who_lets_most_hang_when_all_together_hold_too_much) {
  scene s{holding(1'000'000)};
  client slow{s}; // for longer, but little
  client hog{s};
  const auto half = slow.hang();
  std::vector<std::int32_t> ids;
  for (int i = 0; i < 4; ++i)
    ids.push_back(hog.codec.post("/x", std::string(300'000, 'x'), {}, false));
  hog.send();
  s.until([&] { return hog.codec.answers[ids.front()].reset == refused_stream; });
  EXPECT_EQ(slow.answer_to(slow.post("/x", "")).status(), "200");
  EXPECT_FALSE(slow.codec.answers[half].closed);
  EXPECT_LE(s.server->held_bytes(), 1'000'000U);
  EXPECT_EQ(s.server->counts().ended_by_budget, 0U);
}

TEST(http2_server, cuts_off_who_reads_no_answers_when_all_together_hold_too_much) {
  scene s{holding(1'000'000)};
  client slow{s};
  client hog{s, 0}; // its window has no room
  EXPECT_EQ(slow.answer_to(slow.post("/x", "")).status(), "200");
  const auto half = slow.hang();
  for (int i = 0; i < 7; ++i) {
    hog.post("/x", std::string(100'000, 'x')); // and as much comes back
    s.until([&] { return s.handled == i + 2; });
  }
  EXPECT_EQ(slow.answer_to(slow.post("/x", std::string(200'000, 'x'))).status(), "200");
  s.until([&] { return hog.ended; });
  EXPECT_FALSE(slow.codec.answers[half].closed);
  EXPECT_EQ(s.server->counts().ended_by_budget, 1U);
  EXPECT_EQ(s.server->counts().streams_over_budget, 0U);
}

TEST(http2_server, makes_room_by_strangers_before_those_whom_it_has_served) {
  scene s{holding(3'000'000)};
  client known{s};
  client stranger{s};
  EXPECT_EQ(known.answer_to(known.post("/x", "")).status(), "200");
  const auto half = known.post("/x", std::string(1'000'000, 'x'), false);
  s.until([&] { return s.server->held_bytes() > 1'000'000; });
  const auto refused = [&] { return s.server->counts().streams_over_budget > 0; };
  for (int i = 0; i < 60 && !refused(); ++i) {
    const auto before = s.server->held_bytes();
    stranger.post("/x", std::string(50'000, 'x'), false);
    s.until([&] { return s.server->held_bytes() > before + 50'000 || refused(); });
  }
  EXPECT_TRUE(refused());
  EXPECT_FALSE(known.codec.answers[half].closed);
  EXPECT_GT(s.server->held_bytes(), 1'000'000U);
}

TEST(http2_server, cuts_off_nobody_while_handlers_hold_it_all_and_refuses_what_is_new) {
  scene s{holding(40'000)};
  client waits{s}, slow{s};
  const auto half = slow.hang();
  const http_fields many(300, {"x", "y"});
  const auto waiting = waits.codec.post("/wait", "", many);
  waits.send();
  s.until([&] { return s.asked == 1; });
  ASSERT_GT(s.server->held_bytes(), 40'000U);
  EXPECT_EQ(slow.answer_to(slow.post("/x", "")).reset, refused_stream);
  EXPECT_FALSE(slow.codec.answers[half].closed);
  EXPECT_EQ(s.server->counts().ended_by_budget, 0U);
  s.gate.notify();
  EXPECT_EQ(waits.answer_to(waiting).status(), "200");
  EXPECT_EQ(slow.answer_to(slow.post("/x", "")).status(), "200");
}

TEST(http2_server, refuses_http2_without_tls_in_words) {
  loop on;
  task_group tasks{on};
  {
    auto server = http_server::start(on, tasks, {"127.0.0.1", 0}, {}, {},
                                     [](http_request) -> task<http_response> { co_return http_response{}; });
    ASSERT_TRUE(server);
    connect_options options;
    options.host = "127.0.0.1";
    options.port = server->port();
    auto connected = run_task(on, connect(std::move(options)));
    ASSERT_TRUE(connected);
    http2_test_client codec;
    const auto text = run_task(on, exchange(std::move(connected->bytes), codec.take_output()));
    EXPECT_EQ(text.substr(0, 24), "HTTP/1.1 400 Bad Request");
    EXPECT_NE(text.find("HTTP/2 is spoken over TLS only"), std::string::npos) << text;
  }
  run_task(on, tasks.stop());
}

} // namespace
} // namespace causeway::net
