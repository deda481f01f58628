// SPDX-License-Identifier: Apache-2.0
// Bodies that come in pieces, by HTTP/2: the session without I/O, and a connection over a pipe in memory.
#include "net/http2_connection.h"
#include "net/http2_session_scene.h"
#include "net/http_source_scene.h"
#include "net/run_task.h"

#include <gtest/gtest.h>

#include <array>

namespace causeway::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint32_t internal_error = 2; // RFC 9113 section 7

struct scene : http2_session_scene {
  std::shared_ptr<source_script> script = std::make_shared<source_script>();
  http2_session::stream_id stream = 0;

  explicit scene(std::uint32_t window = 65'535) : http2_session_scene{1000, window} {}
  void begin(const std::string& method = "GET") {
    peer.request({{":method", method}, {":scheme", "https"}, {":authority", "x"}, {":path", "/"}});
    exchange();
    stream = expect_one().stream;
    auto made = response_of(script);
    made.source->on_ready([this] { session.resume(stream, now); });
    answer(stream, std::move(made));
  }
  http2_test_client::answer& got() { return peer.answers[stream]; }
};

TEST(http2_source, a_long_body_comes_as_the_windows_let_it) {
  scene s;
  const auto text = long_text(1'000'000);
  s.script->waiting = text;
  s.script->ends = true;
  s.begin();
  s.read(); // nothing goes back, no window opens
  EXPECT_EQ(s.script->given, 65'535U);
  EXPECT_EQ(s.session.unanswered(), 1U);
  s.exchange();
  EXPECT_EQ(s.got().status(), "200");
  EXPECT_EQ(s.got().field("content-type"), "text/event-stream");
  EXPECT_EQ(s.got().field("content-length"), "");
  EXPECT_TRUE(s.got().body == text);
  EXPECT_TRUE(s.got().closed);
  EXPECT_EQ(s.got().reset, 0U);
  EXPECT_TRUE(s.script->gone);
  EXPECT_EQ(s.session.unanswered(), 0U);
  EXPECT_EQ(s.budget->held, 0U);
}

TEST(http2_source, is_not_asked_for_more_than_is_written) {
  scene s{1U << 30U};
  s.script->waiting = long_text(1'000'000);
  s.begin();
  EXPECT_EQ(s.script->reads, 0);
  static_cast<void>(s.session.take_output(s.now));
  EXPECT_LE(s.script->given, 128U * 1024);
}

TEST(http2_source, what_happens_later_is_sent_then_beside_others) {
  scene s;
  s.begin();
  s.exchange();
  EXPECT_EQ(s.got().status(), "200");
  EXPECT_FALSE(s.got().closed);
  const auto other = s.peer.post("/other", "");
  s.exchange();
  s.answer(s.expect_one().stream, response_of(200, "text"));
  s.exchange();
  EXPECT_EQ(s.peer.answers[other].body, "text");
  s.script->say("one");
  s.exchange();
  EXPECT_EQ(s.got().body, "one");
  s.script->end();
  s.exchange();
  EXPECT_TRUE(s.got().closed);
}

TEST(http2_source, only_a_reader_is_waited_for_with_an_end) {
  scene s;
  s.begin();
  s.exchange();
  s.now += seconds{1'000};
  // It is the source that has nothing to say.
  EXPECT_FALSE(s.session.end_late({s.now, s.now, s.now}));
  EXPECT_FALSE(s.session.waiting_since());
  s.script->waiting = long_text(200'000);
  s.script->ready();
  s.read(); // as much as the window lets it
  s.now += seconds{10};
  s.send(s.peer.take_output()); // which opens again
  s.read();
  EXPECT_FALSE(s.session.end_late({{}, s.now - seconds{5}, {}}));
  s.now += seconds{10};
  EXPECT_TRUE(s.session.end_late({{}, s.now - seconds{5}, {}}));
  s.read();
  EXPECT_TRUE(s.script->gone);
}

TEST(http2_source, goes_when_its_reader_leaves) {
  scene reset;
  reset.begin();
  reset.exchange();
  reset.peer.cancel(reset.stream);
  reset.exchange();
  EXPECT_TRUE(reset.script->gone);
  EXPECT_EQ(reset.session.unanswered(), 0U);

  scene lost;
  lost.begin();
  lost.exchange();
  lost.session.abandon();
  EXPECT_TRUE(lost.script->gone);
  EXPECT_EQ(lost.budget->held, 0U);

  scene gone_before; // the handler did not know
  gone_before.peer.post("/", "");
  gone_before.exchange();
  gone_before.stream = gone_before.expect_one().stream;
  gone_before.peer.cancel(gone_before.stream);
  gone_before.exchange();
  gone_before.answer(gone_before.stream, response_of(gone_before.script));
  EXPECT_TRUE(gone_before.script->gone);
  EXPECT_EQ(gone_before.session.unanswered(), 0U);
}

TEST(http2_source, an_empty_one_is_an_empty_body) {
  scene s;
  s.script->ends = true;
  s.begin();
  s.exchange();
  EXPECT_TRUE(s.got().closed);
  EXPECT_EQ(s.got().body, "");
  EXPECT_EQ(s.got().field("content-type"), "text/event-stream");
}

TEST(http2_source, is_not_read_for_head) {
  scene s;
  s.script->waiting = "never seen";
  s.begin("HEAD");
  s.exchange();
  EXPECT_TRUE(s.got().closed);
  EXPECT_EQ(s.got().status(), "200");
  EXPECT_EQ(s.script->reads, 0);
  EXPECT_TRUE(s.script->gone);
}

TEST(http2_source, one_that_breaks_is_seen_to_be_broken_and_harms_no_other) {
  for (const bool throws : {false, true}) {
    scene s;
    s.script->waiting = "half";
    s.script->throws = throws;
    s.script->breaks = true;
    s.begin();
    s.exchange();
    EXPECT_TRUE(s.got().closed);
    EXPECT_EQ(s.got().reset, internal_error);
    EXPECT_TRUE(s.script->gone);
    EXPECT_TRUE(s.alive);
    s.peer.post("/other", "");
    s.exchange();
    s.expect_one();
  }
}

// A server's connection over a pipe.
struct connected {
  loop on;
  task_group tasks{on};
  std::shared_ptr<source_script> script = std::make_shared<source_script>();
  std::shared_ptr<http_service> service = std::make_shared<http_service>(
      http_service{on, tasks, {}, [this](const http_request&) { return answer(this); }});
  connection_table table;
  stream client;
  std::unique_ptr<http2_connection> served;
  http2_test_client codec;
  std::int32_t id = 0;

  connected() {
    auto pair = make_stream_pair(on);
    client = std::move(pair.first);
    served = std::make_unique<http2_connection>(std::move(pair.second), service, table);
    tasks.spawn("serves", restart_policy::never, [this] { return serve(this); });
    id = codec.request({{":method", "GET"}, {":scheme", "https"}, {":authority", "x"}, {":path", "/"}});
    tasks.spawn("client", restart_policy::never, [this] { return exchange(this); });
    until([&] { return codec.answers[id].status() == "200"; });
  }
  ~connected() {
    client.close();
    run_task(on, tasks.stop());
  }
  connected(const connected&) = delete;

  static task<> serve(connected* s) {
    co_await s->served->serve();
    s->served.reset();
  }
  static task<http_response> answer(connected* s) { co_return response_of(s->script); }
  static task<> exchange(connected* s) {
    std::array<char, 4096> room{};
    for (;;) {
      const auto out = s->codec.take_output();
      const auto written = co_await s->client.write(out);
      if (!written) co_return;
      const auto size = co_await s->client.read_some(room);
      if (!size) co_return;
      s->codec.feed({room.data(), *size});
    }
  }
  static task<> turn() { co_await sleep_for(milliseconds{1}); }
  // 10 s at most.
  void until(const std::function<bool()>& done) {
    for (int i = 0; i < 10'000 && !done(); ++i)
      run_task(on, turn());
    EXPECT_TRUE(done());
  }
};

TEST(http2_source, keeps_its_connection_from_being_idle_until_it_ends) {
  connected s;
  EXPECT_EQ(s.table.busy.size(), 1U);
  s.served->end_late(std::chrono::steady_clock::now() + std::chrono::hours{24});
  s.script->say("an event");
  s.until([&] { return s.codec.answers[s.id].body == "an event"; });
  s.script->end();
  s.until([&] { return s.codec.answers[s.id].closed; });
  s.until([&] { return s.table.busy.empty(); });
  EXPECT_TRUE(s.script->gone);
}

TEST(http2_source, goes_with_its_connection) {
  connected s;
  s.client.close();
  s.until([&] { return s.script->gone && !s.served; });
}

TEST(http2_source, is_told_once_when_the_server_stops_and_ends_in_order) {
  connected s;
  s.script->ends_when_told = true;
  EXPECT_TRUE(s.served->is_serving(mono_time::max()));
  s.served->send_away(std::chrono::steady_clock::now());
  s.served->stop();
  s.until([&] { return s.served->is_done(); });
  EXPECT_EQ(s.script->told_to_end, 1);
  s.until([&] { return s.codec.answers[s.id].closed; });
  EXPECT_EQ(s.codec.answers[s.id].reset, 0U);
}

} // namespace
} // namespace causeway::net
