// SPDX-License-Identifier: Apache-2.0
// Who is turned away before the body, by either version of HTTP.
#include "net/http2_session_scene.h"
#include "net/http_server_scene.h"

#include <gtest/gtest.h>

namespace causeway::net {
namespace {

using std::chrono::milliseconds;

constexpr std::uint32_t no_error = 0;

std::optional<http_turned_away> who_says_please(http_request& head) {
  if (head.header("Say") == "please") {
    head.admitted = 7;
    return std::nullopt;
  }
  http_turned_away away;
  away.answer = response_of(401, "no");
  if (head.header("Say") == "quickly") away.after = milliseconds{20};
  return away;
}

struct scene : http_server_scene {
  explicit scene(http_limits limits = {}) : http_server_scene{limits, {}, who_says_please} {}
  std::string send(const std::string& bytes, bool ends = false) {
    return run_task(on, exchange(server->port(), bytes, ends));
  }
};

std::string post(const std::string& more) {
  return "POST /x HTTP/1.1\r\nHost: x\r\n" + more;
}

TEST(http_admission, answers_a_stranger_before_the_body) {
  scene s;
  for (const auto& body :
       {"Content-Length: 1048576\r\n\r\n", "Content-Length: 99999999999\r\n\r\nxx",
        "Transfer-Encoding: chunked\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n100000\r\nx",
        "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n"}) {
    const auto text = s.send(post(body));
    EXPECT_EQ(status_line(text), "HTTP/1.1 401 Unauthorized") << body; // and no 100 before it
    EXPECT_EQ(count(text, "\r\nConnection: close\r\n"), 1U);
    EXPECT_EQ(body_of(text), "no");
  }
  EXPECT_EQ(s.asked, 0);
}

TEST(http_admission, keeps_the_connection_of_a_stranger_whose_request_has_come_whole) {
  scene s;
  const auto text = s.send(post("Content-Length: 2\r\n\r\nhi") +
                               post("Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n") +
                               post("Say: please\r\nContent-Length: 2\r\n\r\nhi"),
                           true);
  EXPECT_EQ(count(text, "HTTP/1.1 401"), 2U);
  EXPECT_EQ(count(text, "HTTP/1.1 200"), 1U);
  EXPECT_EQ(count(text, "Connection: close"), 0U);
  EXPECT_EQ(s.admitted, 7U);
}

TEST(http_admission, tells_a_sender_to_go_on_only_when_it_is_let_in) {
  scene s;
  const auto text = s.send(post("Say: please\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"), true);
  EXPECT_EQ(text, "HTTP/1.1 100 Continue\r\n\r\n");
}

TEST(http_admission, refuses_a_large_body_of_who_is_let_in_before_it_comes) {
  scene s;
  EXPECT_EQ(status_line(s.send(post("Say: please\r\nContent-Length: 1048577\r\n\r\n"))),
            "HTTP/1.1 413 Content Too Large");
}

TEST(http_admission, may_hold_an_answer) {
  scene s;
  const auto begun = std::chrono::steady_clock::now();
  const auto text = s.send(post("Say: quickly\r\nConnection: close\r\n\r\n"));
  EXPECT_EQ(status_line(text), "HTTP/1.1 401 Unauthorized");
  EXPECT_GE(std::chrono::steady_clock::now() - begun, milliseconds{20});
}

TEST(http_admission, refuses_content_codings) {
  scene s;
  const auto coded = [](const std::string& coding) {
    return post("Say: please\r\nConnection: close\r\nContent-Length: 2\r\nContent-Encoding: " + coding +
                "\r\n\r\nhi");
  };
  for (const auto* const coding : {"gzip", "br", "gzip, identity", "x"})
    EXPECT_EQ(status_line(s.send(coded(coding))), "HTTP/1.1 415 Unsupported Media Type") << coding;
  EXPECT_EQ(s.asked, 0);
  for (const auto* const coding : {"", "identity", "Identity"})
    EXPECT_EQ(status_line(s.send(coded(coding))), "HTTP/1.1 200 OK") << coding;
}

// HTTP/2

struct http2_scene : http2_session_scene {
  http2_scene() : http2_session_scene{1'000'000, 65'535, who_says_please} {}
};

TEST(http_admission, turns_an_http2_stream_away_at_its_header_and_holds_nothing_of_it) {
  http2_scene s;
  const auto id = s.peer.post("/x", std::string(200'000, 'x'), {{"say", "no"}}, false);
  s.exchange();
  auto event = s.expect_one();
  ASSERT_TRUE(event.turned_away);
  EXPECT_EQ(event.request.headers.size(), 0U);
  EXPECT_EQ(s.session.unanswered(), 0U);
  EXPECT_EQ(s.budget->held, 2048U);
  s.answer(event.stream, std::move(event.turned_away->answer));
  s.exchange();
  EXPECT_EQ(s.peer.answers[id].status(), "401");
  EXPECT_EQ(s.peer.answers[id].body, "no");
  // Of what it sends on little is read.
  EXPECT_TRUE(s.peer.answers[id].closed);
  EXPECT_EQ(s.peer.answers[id].reset, no_error);
  EXPECT_EQ(s.budget->held, 0U);
  EXPECT_TRUE(s.alive);
}

TEST(http_admission, ends_a_turned_away_http2_stream_that_says_no_more_in_two_seconds) {
  http2_scene s;
  const auto id = s.peer.post("/x", "half", {{"say", "no"}}, false);
  s.exchange();
  auto event = s.expect_one();
  s.answer(event.stream, std::move(event.turned_away->answer));
  s.exchange();
  EXPECT_FALSE(s.peer.answers[id].closed);
  s.now += drain_time_out + milliseconds{1};
  s.session.end_late({{}, {}, s.now - drain_time_out});
  s.exchange();
  EXPECT_TRUE(s.peer.answers[id].closed);
  EXPECT_EQ(s.budget->held, 0U);
}

TEST(http_admission, lets_http2_streams_in_beside_those_it_turns_away) {
  http2_scene s;
  s.peer.post("/x", "a", {{"say", "no"}});
  s.peer.post("/y", "b", {{"say", "please"}});
  s.exchange();
  EXPECT_TRUE(s.expect_one().turned_away);
  auto event = s.expect_one();
  EXPECT_FALSE(event.turned_away);
  EXPECT_EQ(event.request.admitted, 7U);
  EXPECT_EQ(event.request.body, "b");
}

TEST(http_admission, refuses_content_codings_by_http2) {
  http2_scene s;
  s.peer.post("/x", "a", {{"say", "please"}, {"content-encoding", "gzip"}});
  s.exchange();
  EXPECT_EQ(s.expect_one().refusal, 415);
}

TEST(http_admission, of_a_stream_that_is_reset_meanwhile_says_nothing) {
  http2_scene s;
  const auto id = s.peer.post("/x", "half", {{"say", "quickly"}}, false);
  s.exchange();
  auto event = s.expect_one();
  s.peer.cancel(id);
  s.exchange();
  EXPECT_EQ(s.budget->held, 0U);
  s.answer(event.stream, std::move(event.turned_away->answer));
  EXPECT_EQ(s.session.under_way(), 0U);
}

} // namespace
} // namespace causeway::net
