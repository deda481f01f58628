// SPDX-License-Identifier: Apache-2.0
#include "net/http2_session_scene.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <utility>

namespace causeway::net {
namespace {

using std::chrono::seconds;

using scene = http2_session_scene;

TEST(http2_session, gives_a_request_and_takes_its_answer) {
  scene s;
  const auto id =
      s.peer.post("/webhook/app?x=1", "hello", {{"content-type", "application/json"}, {"x-y", "z"}});
  s.exchange();
  const auto event = s.expect_one();
  EXPECT_EQ(event.refusal, 0);
  EXPECT_EQ(event.request.method, "POST");
  EXPECT_EQ(event.request.path(), "/webhook/app");
  EXPECT_EQ(event.request.header("Content-Type"), "application/json");
  EXPECT_EQ(event.request.header("Host"), "gateway");
  EXPECT_EQ(event.request.body, "hello");
  EXPECT_FALSE(s.session.next());
  EXPECT_EQ(s.session.under_way(), 1U);

  auto response = response_of(200, "fine");
  response.headers = {{"Retry-After", "5"}, {"X-Bad", "a\r\nb: c"}, {"Connection", "close"}};
  s.answer(event.stream, std::move(response));
  s.exchange();
  const auto& answer = s.peer.answers[id];
  EXPECT_EQ(answer.status(), "200");
  EXPECT_EQ(answer.body, "fine");
  EXPECT_EQ(answer.field("content-length"), "4");
  EXPECT_EQ(answer.field("content-type"), "application/json");
  EXPECT_EQ(answer.field("retry-after"), "5");
  EXPECT_EQ(answer.field("x-bad"), "");
  EXPECT_EQ(answer.field("connection"), "");
  EXPECT_TRUE(answer.closed);
  EXPECT_EQ(answer.reset, 0U);
  EXPECT_EQ(s.session.under_way(), 0U);
}

TEST(http2_session, reads_bytes_one_at_a_time) {
  scene s;
  const auto id = s.peer.post("/x", "body");
  for (const char byte : s.peer.take_output())
    ASSERT_TRUE(s.session.feed({&byte, 1}, s.now));
  const auto event = s.expect_one();
  EXPECT_EQ(event.request.body, "body");
  s.answer(event.stream, response_of(204, ""));
  s.exchange();
  EXPECT_EQ(s.peer.answers[id].status(), "204");
  EXPECT_EQ(s.peer.answers[id].field("content-length"), "");
}

TEST(http2_session, carries_a_burst_of_1024_requests_at_once_and_answers_in_any_order) {
  scene s;
  s.exchange();
  for (std::uint32_t i = 0; i < http2_session::most_streams; ++i)
    s.peer.post("/" + std::to_string(i), "b" + std::to_string(i));
  s.exchange();
  std::vector<http2_session::event> events;
  while (auto event = s.session.next())
    events.push_back(std::move(*event));
  ASSERT_EQ(events.size(), http2_session::most_streams);
  std::reverse(events.begin(), events.end());
  for (const auto& event : events)
    s.answer(event.stream, response_of(200, event.request.target + event.request.body));
  s.exchange();
  std::size_t good = 0;
  for (const auto& [id, answer] : s.peer.answers) {
    const auto number = std::to_string((id - 1) / 2);
    if (id > 0 && answer.status() == "200" &&
        answer.body == std::string{"/"}.append(number).append("b").append(number))
      ++good;
  }
  EXPECT_EQ(good, http2_session::most_streams);
  EXPECT_TRUE(s.alive);
}

TEST(http2_session, windows_open_again_so_that_requests_go_on_without_end) {
  scene s;
  for (int i = 0; i < 10'000; ++i) { // 10 MB on one connection
    s.peer.post("/", std::string(std::size_t{1000}, 'x'));
    s.exchange();
    const auto event = s.expect_one();
    ASSERT_EQ(event.request.body.size(), std::size_t{1000});
    s.answer(event.stream, response_of(200, "ok"));
    s.exchange();
  }
  EXPECT_EQ(s.session.under_way(), 0U);
}

TEST(http2_session, refuses_a_body_that_is_too_long_or_says_so) {
  scene s;
  const auto said = s.peer.post("/said", "", {{"content-length", "1001"}}, false);
  const auto sent = s.peer.post("/sent", std::string(1001, 'x'), {}, false);
  s.exchange();
  for (int i = 0; i < 2; ++i) {
    const auto event = s.expect_one();
    EXPECT_EQ(event.refusal, 413);
    s.answer(event.stream, response_of(event.refusal, "too long"));
  }
  s.exchange();
  for (const auto id : {said, sent}) {
    EXPECT_EQ(s.peer.answers[id].status(), "413");
    EXPECT_EQ(s.peer.answers[id].body, "too long");
    EXPECT_FALSE(s.peer.answers[id].closed) << "some clients must have sent it all before they look";
  }
  s.session.end_late({{}, {}, s.now + seconds{1}});
  s.exchange();
  EXPECT_EQ(s.session.under_way(), 0U);
  EXPECT_TRUE(s.alive);
}

TEST(http2_session, reads_8_MiB_of_a_body_that_it_has_refused) {
  scene s;
  const auto shorter = s.peer.post("/", std::string(8 << 20, 'x'));
  const auto longer = s.peer.post("/", std::string(9 << 20, 'x'));
  s.send(s.peer.take_output());
  while (const auto event = s.session.next())
    s.answer(event->stream, response_of(event->refusal, "too long"));
  s.exchange();
  for (const auto id : {shorter, longer}) {
    EXPECT_EQ(s.peer.answers[id].status(), "413");
    EXPECT_TRUE(s.peer.answers[id].closed);
  }
  EXPECT_EQ(s.session.under_way(), 0U);
  EXPECT_TRUE(s.alive);
}

TEST(http2_session, refuses_a_header_that_is_too_long) {
  scene s;
  const auto one = s.peer.post("/", "", {{"x", std::string(5000, 'x')}});
  http_fields many;
  for (int i = 0; i < 200; ++i)
    many.emplace_back("x-" + std::to_string(i), "y");
  const auto several = s.peer.post("/", "", many);
  s.exchange();
  while (const auto event = s.session.next()) {
    EXPECT_EQ(event->refusal, 431);
    s.answer(event->stream, response_of(event->refusal, "too long"));
  }
  s.exchange();
  EXPECT_EQ(s.peer.answers[one].status(), "431");
  EXPECT_EQ(s.peer.answers[several].status(), "431");
}

TEST(http2_session, ends_with_408_what_does_not_come_to_its_end) {
  scene s;
  s.now += seconds{1};
  const auto id = s.peer.post("/", "half", {}, false);
  s.exchange();
  EXPECT_FALSE(s.session.next());
  ASSERT_EQ(s.session.waiting_since(), s.now);
  EXPECT_FALSE(s.session.end_late({s.now, s.now, s.now})) << "not before";
  EXPECT_TRUE(s.session.end_late({s.now + seconds{1}, s.now, s.now}));
  const auto event = s.expect_one();
  EXPECT_EQ(event.refusal, 408);
  s.answer(event.stream, response_of(408, "late"));
  s.exchange();
  EXPECT_EQ(s.peer.answers[id].status(), "408");
  EXPECT_FALSE(s.peer.answers[id].closed) << "it may go on for a moment";
  EXPECT_TRUE(s.session.end_late({{}, {}, s.now + seconds{1}}));
  s.exchange();
  EXPECT_TRUE(s.peer.answers[id].closed);
  EXPECT_EQ(s.peer.answers[id].reset, 0U);
  EXPECT_FALSE(s.session.waiting_since());
  EXPECT_TRUE(s.alive);
}

TEST(http2_session, resets_answers_that_the_client_does_not_take) {
  scene s{1000, 0}; // a window without room
  const auto id = s.peer.post("/", "x");
  s.exchange();
  const auto event = s.expect_one();
  EXPECT_FALSE(s.session.waiting_since()) << "it waits for us";
  s.now += seconds{1};
  s.answer(event.stream, response_of(200, "never taken"));
  s.exchange();
  EXPECT_EQ(s.peer.answers[id].status(), "200");
  EXPECT_FALSE(s.peer.answers[id].closed);
  EXPECT_EQ(s.session.waiting_since(), s.now);
  EXPECT_EQ(s.session.unanswered(), 0U);
  EXPECT_TRUE(s.session.end_late({s.now, s.now + seconds{1}, s.now}));
  s.exchange();
  EXPECT_TRUE(s.peer.answers[id].closed);
  EXPECT_EQ(s.session.under_way(), 0U);
  EXPECT_EQ(s.budget->held, 0U);
}

TEST(http2_session, a_cancelled_request_keeps_its_place_until_it_is_answered) {
  scene s;
  s.exchange();
  std::vector<http2_session::stream_id> worked_on;
  for (std::uint32_t i = 0; i < http2_session::most_streams; ++i) {
    const auto id = s.peer.post("/", "x");
    s.exchange();
    worked_on.push_back(s.expect_one().stream);
    if (i % 2 == 0) s.peer.cancel(id);
    s.exchange();
  }
  EXPECT_EQ(s.session.under_way(), http2_session::most_streams);
  const auto refused = s.peer.post("/", "x");
  s.exchange();
  EXPECT_FALSE(s.session.next());
  EXPECT_EQ(s.peer.answers[refused].reset, std::uint32_t{NGHTTP2_REFUSED_STREAM});
  for (const auto id : worked_on)
    s.answer(id, response_of(200, "ok"));
  s.exchange();
  EXPECT_EQ(s.session.under_way(), 0U);
  s.peer.post("/", "x");
  s.exchange();
  EXPECT_EQ(s.expect_one().request.body, "x");
}

TEST(http2_session, a_request_that_is_cancelled_before_it_was_given_is_forgotten) {
  scene s;
  s.exchange();
  const auto id = s.peer.post("/", "x");
  s.exchange();
  s.peer.cancel(id);
  s.exchange();
  EXPECT_FALSE(s.session.next());
  EXPECT_EQ(s.session.under_way(), 0U);
}

TEST(http2_session, sends_away_who_only_opens_and_resets_streams) {
  scene s;
  s.exchange();
  for (int i = 0; i < 5'000 && s.alive; ++i) {
    s.peer.cancel(s.peer.post("/", "", {}, false));
    const auto id = s.peer.post("/", "x");
    s.exchange();
    s.peer.cancel(id);
    s.exchange();
    while (const auto event = s.session.next())
      s.answer(event->stream, response_of(200, ""));
  }
  EXPECT_TRUE(s.peer.sent_away);
  EXPECT_EQ(s.budget->counts.ended_by_flood, 1U);
  EXPECT_EQ(s.budget->counts.ended_by_protocol, 0U);
}

TEST(http2_session, ends_at_what_is_not_http2) {
  scene s;
  EXPECT_FALSE(s.session.feed("POST / HTTP/1.1\r\nHost: x\r\n\r\n", s.now));
  EXPECT_FALSE(s.session.feed("more", s.now));
  EXPECT_EQ(s.budget->counts.ended_by_protocol, 1U);
}

TEST(http2_session, sends_away_who_breaks_its_rules) {
  scene s;
  s.exchange();
  s.send(http2_frame(0, 0, 0, "data of no stream"));
  s.read();
  EXPECT_TRUE(s.peer.sent_away);
  EXPECT_EQ(s.peer.sent_away_by, std::uint32_t{NGHTTP2_PROTOCOL_ERROR});
  EXPECT_EQ(s.budget->counts.ended_by_protocol, 1U);
  EXPECT_EQ(s.budget->counts.ended_by_flood, 0U);
}

TEST(http2_session, answers_head_with_the_length_and_no_body) {
  scene s;
  const auto id =
      s.peer.request({{":method", "HEAD"}, {":scheme", "https"}, {":authority", "x"}, {":path", "/"}});
  s.exchange();
  s.answer(s.expect_one().stream, response_of(200, "12345"));
  s.exchange();
  EXPECT_EQ(s.peer.answers[id].field("content-length"), "5");
  EXPECT_EQ(s.peer.answers[id].body, "");
  EXPECT_TRUE(s.peer.answers[id].closed);
  EXPECT_EQ(s.peer.answers[id].reset, 0U);
}

TEST(http2_session, tells_the_client_to_go_on_before_the_body) {
  scene s;
  const auto id = s.peer.post("/", "", {{"expect", "100-continue"}}, false);
  s.exchange();
  EXPECT_EQ(s.peer.answers[id].status(), "100");
}

TEST(http2_session, resets_what_is_no_request_and_serves_on) {
  const std::pair<std::string, std::string> method{":method", "POST"}, scheme{":scheme", "https"},
      authority{":authority", "x"}, path{":path", "/"};
  const http_fields sound{method, scheme, authority, path};
  const auto with = [&](const std::string& name, const std::string& value) {
    auto all = sound;
    all.emplace_back(name, value);
    return all;
  };
  const std::vector<http_fields> unsound{{method, scheme, authority},
                                         {method, authority, path},
                                         {scheme, authority, path},
                                         {method, scheme, path},
                                         {method, scheme, authority, {":path", ""}},
                                         {method, scheme, authority, {":path", "x"}},
                                         {{"a", "b"}, method, scheme, authority, path},
                                         with(":method", "GET"),
                                         with(":status", "200"),
                                         with(":nonsense", "1"),
                                         with("connection", "close"),
                                         with("transfer-encoding", "chunked"),
                                         with("x", "a\r\nb: c"),
                                         with("", "no name"),
                                         with("content-length", "5"),
                                         with("content-length", "3"),
                                         with("content-length", "-4"),
                                         with("content-length", "99999999999999999999999")};
  scene s;
  for (const auto& fields : unsound) {
    const auto id = s.peer.request(fields, "four");
    s.exchange();
    EXPECT_FALSE(s.session.next()) << fields.back().first << ": " << fields.back().second;
    EXPECT_TRUE(s.peer.answers[id].closed) << fields.back().first << ": " << fields.back().second;
    EXPECT_NE(s.peer.answers[id].reset, 0U);
  }
  s.peer.request(with("content-length", "4"), "four");
  s.exchange();
  EXPECT_EQ(s.expect_one().request.body, "four");
  EXPECT_TRUE(s.alive);
}

TEST(http2_session, takes_trailers_for_no_headers) {
  scene s;
  s.exchange();
  s.peer.post("/", "x", {}, false);
  s.exchange();
  // HEADERS with END_STREAM and END_HEADERS: a literal field without indexing.
  s.send(http2_frame(1, 5, 1, std::string{"\0\1a\1b", 5}));
  const auto event = s.expect_one();
  EXPECT_EQ(event.request.body, "x");
  EXPECT_EQ(event.request.header("a"), "");
}

TEST(http2_session, gives_the_window_of_cancelled_and_refused_requests_back) {
  scene s{60'000};
  for (int i = 0; i < 100; ++i) { // 12 MB
    const auto cancelled = s.peer.post("/", std::string(59'000, 'x'), {}, false);
    s.peer.post("/", std::string(61'000, 'x'), {}, false);
    s.exchange();
    s.peer.cancel(cancelled);
    s.exchange();
    const auto refused = s.expect_one();
    ASSERT_EQ(refused.refusal, 413);
    s.answer(refused.stream, response_of(413, "too long"));
    s.exchange();
  }
  const auto last = s.peer.post("/", std::string(60'000, 'x'));
  s.exchange();
  const auto event = s.expect_one();
  EXPECT_EQ(event.stream, last);
  EXPECT_EQ(event.request.body.size(), 60'000U);
}

TEST(http2_session, a_refused_request_may_go_on_from_when_its_answer_is_written) {
  scene s;
  const auto id = s.peer.post("/", std::string(1001, 'x'), {}, false);
  s.exchange();
  s.answer(s.expect_one().stream, response_of(413, "too long"));
  s.now += seconds{5}; // it waits for the writer
  s.exchange();
  EXPECT_EQ(s.peer.answers[id].status(), "413");
  EXPECT_FALSE(s.session.end_late({{}, {}, s.now - seconds{2}}));
}

TEST(http2_session, sends_away_who_sends_a_header_far_beyond_the_limit) {
  scene s;
  s.exchange();
  // A field of 3 KiB into HPACK's table, then 100 times by its number: 300 KiB in 100 bytes.
  std::string block = "\x82\x87\x84";             // POST, https, /
  block += std::string{"\x40\1a\x7f\x81\x17", 6}; // with indexing; a length of 127 + 2945
  block += std::string(3072, 'v') + std::string(100, '\xbe');
  s.send(http2_frame(1, 5, 1, block));
  EXPECT_FALSE(s.alive);
  s.read();
  EXPECT_TRUE(s.peer.sent_away);
  EXPECT_EQ(s.peer.sent_away_by, std::uint32_t{NGHTTP2_ENHANCE_YOUR_CALM});
  EXPECT_EQ(s.budget->counts.ended_by_flood, 1U);
}

TEST(http2_session, sends_away_who_sends_continuations_without_end) {
  scene s;
  s.exchange();
  s.send(http2_frame(1, 0, 1, "\x82"));
  for (int i = 0; i < 20; ++i)
    s.send(http2_frame(9, 0, 1, ""));
  EXPECT_FALSE(s.alive);
  s.read();
  EXPECT_TRUE(s.peer.sent_away);
  EXPECT_EQ(s.budget->counts.ended_by_flood, 1U);
}

TEST(http2_session, sends_away_who_pings_or_sets_and_does_not_read) {
  for (const auto& flood : {http2_frame(6, 0, 0, "12345678"), http2_frame(4, 0, 0, "")}) {
    scene s;
    s.exchange();
    for (int i = 0; i < 200; ++i)
      s.send(flood);
    EXPECT_FALSE(s.alive);
    EXPECT_LE(s.session.backlog(), 110U);
    s.read();
    EXPECT_TRUE(s.peer.sent_away);
    EXPECT_EQ(s.budget->counts.ended_by_flood, 1U);
  }
}

TEST(http2_session, answers_what_was_on_its_way_when_it_asked_the_client_to_go) {
  scene s;
  s.exchange();
  s.session.send_away();
  const auto word = s.session.take_output(s.now);
  const auto id = s.peer.post("/", "x"); // before the client has read the word
  s.send(s.peer.take_output());
  const auto event = s.expect_one();
  EXPECT_FALSE(s.session.knows_to_go());
  s.peer.feed(word);
  EXPECT_TRUE(s.peer.sent_away);
  EXPECT_EQ(s.peer.last_answered, 0x7fffffff);
  s.exchange();
  EXPECT_TRUE(s.session.knows_to_go());
  s.session.shut_down();
  s.answer(event.stream, response_of(200, "still"));
  s.exchange();
  EXPECT_EQ(s.peer.last_answered, id);
  EXPECT_EQ(s.peer.answers[id].body, "still");
  EXPECT_FALSE(s.session.is_alive());
}

TEST(http2_session, answers_what_is_under_way_after_it_has_said_goodbye) {
  scene s;
  const auto id = s.peer.post("/", "x");
  s.exchange();
  const auto event = s.expect_one();
  s.session.shut_down();
  s.exchange();
  EXPECT_TRUE(s.peer.sent_away);
  EXPECT_TRUE(s.session.is_alive());
  s.answer(event.stream, response_of(200, "still"));
  s.exchange();
  EXPECT_EQ(s.peer.answers[id].body, "still");
  EXPECT_FALSE(s.session.is_alive());
}

} // namespace
} // namespace causeway::net
