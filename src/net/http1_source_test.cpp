// SPDX-License-Identifier: Apache-2.0
// Bodies that come in pieces, by HTTP/1.1: over a pipe in memory, and over sockets where the system must tell
// that a reader has left.
#include "net/http1_connection.h"
#include "net/http_server_scene.h"
#include "net/http_source_scene.h"
#include "net/test_certificates.h"

#include <gtest/gtest.h>

namespace causeway::net {
namespace {

using std::chrono::milliseconds;

task<> turn() {
  co_await sleep_for(milliseconds{1});
}

struct scene {
  loop on;
  task_group tasks{on};
  std::shared_ptr<source_script> script = std::make_shared<source_script>();
  std::shared_ptr<http_service> service = std::make_shared<http_service>(
      http_service{on, tasks, {}, [this](http_request request) { return answer(this, std::move(request)); }});
  connection_table table;
  stream client;
  std::unique_ptr<http1_connection> served;
  std::string got;

  scene() {
    auto pair = make_stream_pair(on);
    client = std::move(pair.first);
    served = std::make_unique<http1_connection>(std::move(pair.second), service, table);
    tasks.spawn("serves", restart_policy::never, [this] { return serve(this); });
  }
  ~scene() { run_task(on, tasks.stop()); }
  scene(const scene&) = delete;

  static task<> serve(scene* s) {
    co_await s->served->serve();
    s->served.reset();
  }
  static task<http_response> answer(scene* s, http_request request) {
    http_response text;
    text.body = "text";
    co_return request.path() == "/text" ? std::move(text) : response_of(s->script);
  }
  static task<> write(scene* s, std::string bytes) {
    const auto written = co_await s->client.write(bytes);
    EXPECT_TRUE(written);
  }
  static task<> read(scene* s) {
    std::array<char, 4096> room{};
    const auto size = co_await s->client.read_some(room);
    if (size)
      s->got.append(room.data(), *size);
    else
      s->client.close();
  }
  void ask(const std::string& line = "GET /pieces HTTP/1.1", const std::string& more = {}) {
    run_task(on, write(this, line + "\r\nHost: x\r\n" + more + "\r\n"));
  }
  void turns(int many = 20) {
    for (int i = 0; i < many; ++i)
      run_task(on, turn());
  }
  // Until that has come, or the connection's end.
  const std::string& read_until(const std::string& last) {
    while (client.is_open() && got.find(last) == std::string::npos)
      run_task(on, read(this));
    return got;
  }
  std::string read_all() { return read_until("never said"); }
  std::string header() const { return got.substr(0, got.find("\r\n\r\n") + 2); }
};

// What chunks say together (RFC 9112 section 7.1); "broken" without the last one.
std::string unchunked(std::string_view text) {
  std::string out;
  for (;;) {
    const auto line = text.find("\r\n");
    if (line == std::string_view::npos) return "broken";
    const auto size = std::stoul(std::string{text.substr(0, line)}, nullptr, 16);
    if (size == 0) return text.substr(line) == "\r\n\r\n" ? out : "more behind the end";
    if (text.substr(line + 2).size() < size + 2) return "broken";
    out += text.substr(line + 2, size);
    text.remove_prefix(line + 2 + size + 2);
  }
}

TEST(http1_source, a_long_body_comes_in_chunks_and_the_connection_goes_on) {
  scene s;
  const auto text = long_text(1'000'000);
  s.script->waiting = text;
  s.script->ends = true;
  s.ask();
  s.read_until("\r\n0\r\n\r\n");
  EXPECT_EQ(status_line(s.got), "HTTP/1.1 200 OK");
  EXPECT_EQ(count(s.header(), "\r\nTransfer-Encoding: chunked\r\n"), 1U);
  EXPECT_EQ(count(s.header(), "\r\nContent-Type: text/event-stream\r\n"), 1U);
  EXPECT_EQ(count(s.header(), "Content-Length"), 0U);
  EXPECT_EQ(count(s.header(), "Connection"), 0U);
  EXPECT_TRUE(unchunked(body_of(s.got)) == text);
  EXPECT_TRUE(s.script->gone);
  s.got.clear();
  s.ask("GET /text HTTP/1.1");
  EXPECT_EQ(body_of(s.read_until("text")), "text");
}

TEST(http1_source, a_slow_reader_holds_it_back) {
  scene s;
  const auto text = long_text(1'000'000);
  s.script->waiting = text;
  s.script->ends = true;
  s.ask();
  s.turns();
  const auto given = s.script->given;
  EXPECT_GT(given, 0U);
  EXPECT_LE(given, 128U * 1024); // the pipe's 64 KiB and a piece
  EXPECT_LE(s.service->budget->held, 20U * 1024);
  s.turns();
  EXPECT_EQ(s.script->given, given);
  s.read_until("\r\n0\r\n\r\n");
  EXPECT_TRUE(unchunked(body_of(s.got)) == text);
  EXPECT_EQ(s.service->budget->held, 0U);
}

TEST(http1_source, who_does_not_read_is_given_up_and_who_reads_is_not) {
  scene s;
  s.script->waiting = long_text(1'000'000);
  s.ask();
  s.turns();
  const auto idle = s.service->limits.idle_time_out;
  s.served->end_late(std::chrono::steady_clock::now() + idle / 2);
  s.turns();
  EXPECT_FALSE(s.script->gone);
  s.served->end_late(std::chrono::steady_clock::now() + idle + milliseconds{1});
  s.turns();
  EXPECT_TRUE(s.script->gone);
  EXPECT_FALSE(s.served);
}

TEST(http1_source, what_happens_later_is_sent_then_however_long_it_takes) {
  scene s;
  s.ask();
  s.read_until("\r\n\r\n");
  s.served->end_late(std::chrono::steady_clock::now() + std::chrono::hours{24});
  s.script->say("one");
  s.read_until("one\r\n");
  s.script->say("two");
  s.read_until("two\r\n");
  s.script->end();
  EXPECT_EQ(unchunked(body_of(s.read_until("\r\n0\r\n\r\n"))), "onetwo");
}

TEST(http1_source, goes_when_its_reader_leaves) {
  scene waiting;
  waiting.ask();
  waiting.read_until("\r\n\r\n");
  waiting.client.close();
  waiting.turns();
  EXPECT_FALSE(waiting.script->gone); // nobody has looked
  waiting.served->end_late(std::chrono::steady_clock::now());
  waiting.turns();
  EXPECT_TRUE(waiting.script->gone);
  EXPECT_FALSE(waiting.served);

  scene writing;
  writing.script->waiting = long_text(1'000'000);
  writing.ask();
  writing.turns();
  writing.client.close();
  writing.turns();
  EXPECT_TRUE(writing.script->gone);
  EXPECT_FALSE(writing.served);
}

TEST(http1_source, an_empty_one_is_an_empty_body) {
  scene s;
  s.script->ends = true;
  s.ask();
  EXPECT_EQ(body_of(s.read_until("0\r\n\r\n")), "0\r\n\r\n");
  EXPECT_TRUE(s.script->gone);
}

TEST(http1_source, is_not_read_for_head) {
  scene s;
  s.script->waiting = "never seen";
  s.ask("HEAD /pieces HTTP/1.1");
  s.read_until("\r\n\r\n");
  s.ask("GET /text HTTP/1.1");
  s.read_until("\r\n\r\ntext");
  EXPECT_EQ(count(s.got, "\r\nTransfer-Encoding: chunked\r\n"), 1U);
  EXPECT_EQ(s.script->reads, 0);
  EXPECT_TRUE(s.script->gone);
}

TEST(http1_source, comes_without_chunks_to_http_1_0_and_ends_with_the_connection) {
  scene s;
  const auto text = long_text(200'000);
  s.script->waiting = text;
  s.script->ends = true;
  s.ask("GET /pieces HTTP/1.0", "Connection: keep-alive\r\n");
  s.read_all();
  EXPECT_EQ(count(s.header(), "\r\nConnection: close\r\n"), 1U);
  EXPECT_EQ(count(s.header(), "Transfer-Encoding"), 0U);
  EXPECT_TRUE(body_of(s.got) == text);
}

TEST(http1_source, one_that_breaks_is_seen_to_be_broken) {
  for (const bool throws : {false, true}) {
    scene s;
    s.script->waiting = throws ? "" : "half";
    s.script->throws = throws;
    s.script->breaks = true;
    s.ask();
    s.read_all();
    EXPECT_EQ(body_of(s.got), throws ? "" : "4\r\nhalf\r\n"); // and no last chunk
    EXPECT_TRUE(s.script->gone);
  }
}

TEST(http1_source, a_client_that_asked_for_it_is_closed_behind_it) {
  scene s;
  s.script->waiting = "all";
  s.script->ends = true;
  s.ask("GET /pieces HTTP/1.1", "Connection: close\r\n");
  s.read_all();
  EXPECT_EQ(unchunked(body_of(s.got)), "all");
  EXPECT_EQ(count(s.header(), "\r\nConnection: close\r\n"), 1U);
}

TEST(http1_source, is_told_once_when_the_server_stops_and_ends_in_order) {
  scene s;
  s.script->ends_when_told = true;
  s.ask();
  s.read_until("\r\n\r\n");
  EXPECT_TRUE(s.served->is_serving(mono_time::max()));
  s.service->sent_away = std::chrono::steady_clock::now();
  s.served->see_off(*s.service->sent_away);
  s.service->closing = true;
  s.served->see_off(*s.service->sent_away);
  s.read_all();
  EXPECT_EQ(s.script->told_to_end, 1);
  EXPECT_EQ(unchunked(body_of(s.got)), "");
  EXPECT_FALSE(s.served);
}

TEST(http1_source, one_without_end_is_cut_off_with_the_server) {
  scene s;
  s.ask();
  s.read_until("\r\n\r\n");
  s.served->stop();
  s.turns();
  EXPECT_EQ(s.script->told_to_end, 1);
  EXPECT_FALSE(s.script->gone);
  run_task(s.on, s.tasks.stop());
  EXPECT_TRUE(s.script->gone);
}

// Over sockets, where only the system can tell that the reader has left.
void expect_to_notice(bool tls) {
  http_limits limits;
  limits.idle_time_out = milliseconds{400}; // looked at four times as often
  loop on;
  task_group tasks{on};
  const auto script = std::make_shared<source_script>();
  std::optional<tls_server_context> context;
  if (tls)
    context = *tls_server_context::make(test_certificates() + "/server.pem",
                                        test_certificates() + "/server-key.pem", {});
  const auto answer = [](std::shared_ptr<source_script> of) -> task<http_response> {
    co_return response_of(of);
  };
  auto server = http_server::start(on, tasks, {"127.0.0.1", 0}, context, limits,
                                   [&](const http_request&) { return answer(script); });
  ASSERT_TRUE(server);
  connect_options options;
  options.host = "localhost";
  options.port = server->port();
  if (tls) options.tls = *tls_client_context::make(test_certificates() + "/ca.pem", {});
  auto client = run_task(on, connect(std::move(options)));
  ASSERT_TRUE(client);
  const auto ask = [](stream* bytes) -> task<> {
    constexpr std::string_view request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    const auto written = co_await bytes->write(request);
    EXPECT_TRUE(written);
  };
  run_task(on, ask(&client->bytes));
  const auto turns = [&](const auto& until) {
    for (int i = 0; i < 10'000 && !until(); ++i)
      run_task(on, turn());
  };
  turns([&] { return script->reads > 0; });
  const auto later = std::chrono::steady_clock::now() + milliseconds{600};
  turns([&] { return std::chrono::steady_clock::now() > later; });
  EXPECT_FALSE(script->gone);
  client->bytes.close();
  turns([&] { return script->gone; });
  EXPECT_TRUE(script->gone);
  EXPECT_EQ(server->connections(), 0U);
  server->stop_accepting();
  run_task(on, tasks.stop());
}

TEST(http1_source, a_reader_that_leaves_is_noticed_over_tcp) {
  expect_to_notice(false);
}

TEST(http1_source, a_reader_that_leaves_is_noticed_over_tls) {
  expect_to_notice(true);
}

} // namespace
} // namespace causeway::net
