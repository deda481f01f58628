// SPDX-License-Identifier: Apache-2.0
#include "net/http2_session_scene.h"

#include <nghttp2/nghttp2.h>

#include <utility>

namespace causeway::net {
namespace {

using scene = http2_session_scene;

TEST(http2_budget, holds_4_MiB_of_bodies_that_never_end) {
  scene s{100'000};
  s.exchange();
  for (std::uint32_t i = 0; i < http2_session::most_streams; ++i)
    s.peer.post("/", std::string(90'000, 'x'), {}, false);
  s.exchange();
  EXPECT_FALSE(s.session.next());
  EXPECT_EQ(s.session.under_way(), http2_session::most_streams);
  EXPECT_GT(s.budget->held, 4'000'000U);
  // As allocated: a body that grows in pieces takes up to twice its size.
  EXPECT_LE(s.budget->held, 2U * 4 * 1024 * 1024 + http2_session::most_streams * 3200U);
  s.session.abandon();
  EXPECT_EQ(s.budget->held, 0U);
}

TEST(http2_budget, refuses_new_streams_while_the_budget_of_all_is_spent) {
  scene s;
  s.exchange();
  s.peer.post("/", std::string(900, 'x'), {}, false);
  s.exchange();
  s.budget->most = 4 * s.budget->held - 1;
  for (int i = 0; i < 3; ++i)
    s.peer.post("/", std::string(900, 'x'), {}, false);
  s.exchange();
  EXPECT_TRUE(s.budget->is_spent());
  EXPECT_EQ(s.budget->counts.streams_over_budget, 0U);
  const auto refused = s.peer.post("/", "x");
  s.exchange();
  EXPECT_EQ(s.peer.answers[refused].reset, std::uint32_t{NGHTTP2_REFUSED_STREAM});
  EXPECT_EQ(s.budget->counts.streams_over_budget, 1U);
  EXPECT_EQ(s.session.under_way(), 4U);
  EXPECT_TRUE(s.alive);
}

TEST(http2_budget, refuses_streams_that_go_on_while_the_budget_of_all_is_spent) {
  scene s;
  s.exchange();
  const auto id = s.peer.post("/", "half", {}, false);
  s.exchange();
  const auto most = std::exchange(s.budget->most, 0);
  s.send(http2_frame(0, 0, static_cast<std::uint32_t>(id), "more"));
  s.exchange();
  EXPECT_EQ(s.peer.answers[id].reset, std::uint32_t{NGHTTP2_REFUSED_STREAM});
  EXPECT_EQ(s.budget->counts.streams_over_budget, 1U);
  EXPECT_EQ(s.budget->held, 0U);
  s.budget->most = most;
  s.peer.post("/", "again");
  s.exchange();
  EXPECT_EQ(s.expect_one().request.body, "again");
}

// Whose it was is known where its header had come.
TEST(http2_budget, tells_of_streams_that_are_refused_without_a_handler) {
  scene s;
  std::vector<std::string> told;
  s.budget->lost = [&](const http_request* head) { told.push_back(head == nullptr ? "" : head->target); };
  s.exchange();
  const auto id = s.peer.post("/half", "half", {}, false);
  s.exchange();
  const auto most = std::exchange(s.budget->most, 0);
  s.send(http2_frame(0, 0, static_cast<std::uint32_t>(id), "more"));
  s.peer.post("/new", "x");
  s.exchange();
  s.budget->most = most;
  s.peer.post("/late", "half", {}, false);
  s.exchange();
  EXPECT_TRUE(s.session.refuse_coming(s.now));
  s.exchange();
  EXPECT_EQ(told, (std::vector<std::string>{"/half", "", "/late"}));
}

TEST(http2_budget, refuses_what_is_not_whole_when_room_is_wanted) {
  scene s;
  s.exchange();
  const auto first = s.peer.post("/", "half", {}, false), second = s.peer.post("/", "half", {}, false);
  s.peer.post("/", "whole");
  s.exchange();
  const auto whole = s.expect_one();
  EXPECT_TRUE(s.session.refuse_coming(s.now));
  EXPECT_FALSE(s.session.refuse_coming(s.now));
  s.answer(whole.stream, response_of(200, "ok"));
  s.exchange();
  for (const auto id : {first, second})
    EXPECT_EQ(s.peer.answers[id].reset, std::uint32_t{NGHTTP2_REFUSED_STREAM});
  EXPECT_EQ(s.peer.answers[whole.stream].status(), "200");
  EXPECT_EQ(s.budget->held, 0U);
  EXPECT_EQ(s.budget->counts.streams_over_budget, 2U);
}

TEST(http2_budget, counts_what_is_allocated_for_fields_and_bodies) {
  scene s;
  s.exchange();
  http_fields many;
  for (int i = 0; i < 50; ++i)
    many.emplace_back("x", "");
  s.peer.post("/", "", many, false);
  s.exchange();
  EXPECT_GT(s.budget->held, 50 * 2 * sizeof(std::pair<std::string, std::string>));
  const auto before = s.budget->held;
  s.peer.post("/", "", {{"content-length", "900"}}, false);
  s.exchange();
  EXPECT_LT(s.budget->held - before, 4'000U) << "what a request says of its length takes nothing";
}

TEST(http2_budget, what_handlers_work_on_is_given_back_by_their_answer_only) {
  scene s;
  s.exchange();
  const auto cancelled = s.peer.post("/", std::string(900, 'x'));
  s.peer.post("/", std::string(900, 'x'));
  s.exchange();
  EXPECT_EQ(s.session.reclaimable(), s.budget->held);
  const auto first = s.expect_one(), second = s.expect_one();
  EXPECT_EQ(s.session.reclaimable(), 0U);
  s.budget->most = s.budget->held - 1;
  EXPECT_TRUE(s.budget->is_spent());
  EXPECT_FALSE(s.budget->is_held_by_peers());
  s.peer.cancel(cancelled);
  s.exchange();
  EXPECT_EQ(s.session.reclaimable(), 0U);
  s.answer(first.stream, response_of(200, "ok"));
  s.answer(second.stream, response_of(200, "ok"));
  EXPECT_EQ(s.budget->worked_on, 0U);
  EXPECT_GT(s.session.reclaimable(), 0U) << "until it is written";
  s.exchange();
  EXPECT_EQ(s.budget->held, 0U);
}

TEST(http2_budget, a_handler_that_works_for_a_connection_that_is_gone_keeps_its_share_of_the_budget) {
  scene s;
  s.peer.post("/", std::string(900, 'x'));
  s.peer.post("/", "half", {}, false);
  s.exchange();
  const auto event = s.expect_one();
  s.session.abandon();
  EXPECT_GT(s.budget->held, 900U);
  EXPECT_EQ(s.budget->worked_on, s.budget->held);
  EXPECT_EQ(s.session.unanswered(), 1U);
  EXPECT_FALSE(s.session.is_alive());
  EXPECT_FALSE(s.session.next());
  EXPECT_EQ(s.session.take_output(s.now), "");
  s.answer(event.stream, response_of(200, "ok"));
  EXPECT_EQ(s.budget->held, 0U);
  EXPECT_EQ(s.budget->worked_on, 0U);
  EXPECT_EQ(s.session.under_way(), 0U);
}

TEST(http2_budget, streams_that_are_refused_and_not_read_count_in_the_budget) {
  scene s;
  s.exchange();
  std::string flood;
  for (std::uint32_t i = 0; i < 20'000; ++i)
    flood += http2_frame(1, 4, 1 + 2 * i, "\x82\x87\x84"); // no END_STREAM
  s.send(flood);
  EXPECT_GE(s.budget->held, s.session.under_way() * 2048);
  EXPECT_LE(s.session.under_way(), 20'000U);
  s.session.abandon();
  EXPECT_EQ(s.budget->held, 0U);
}

} // namespace
} // namespace causeway::net
