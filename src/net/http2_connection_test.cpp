// SPDX-License-Identifier: Apache-2.0
#include "net/http2_connection.h"

#include "net/http2_test_client.h"
#include "net/run_task.h"
#include "net/stream.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <functional>

namespace causeway::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A handler that answers at once, over a pipe.
struct scene {
  loop on;
  task_group tasks{on};
  stream theirs;
  std::vector<bool> changes;
  std::vector<std::uintptr_t> depths; // of the stack, at each request
  http2_test_client codec;
  std::shared_ptr<http_service> service;
  connection_table table;

  struct recorded : http2_connection {
    scene& of;
    recorded(scene& s, stream bytes) : http2_connection{std::move(bytes), s.service, s.table}, of{s} {}
    void on_change(bool busy) override {
      of.changes.push_back(busy);
      http2_connection::on_change(busy);
    }
  };
  std::optional<recorded> served;

  scene() {
    auto pair = make_stream_pair(on);
    theirs = std::move(pair.second);
    service = std::make_shared<http_service>(
        http_service{on, tasks, {}, [this](http_request request) { return answer(this, request.target); }});
    served.emplace(*this, std::move(pair.first));
    tasks.spawn("serves", restart_policy::never, [this] { return served->serve(); });
  }
  ~scene() {
    theirs.close();
    run_task(on, tasks.stop());
  }
  scene(const scene&) = delete;

  static task<http_response> answer(scene* s, std::string target) {
    s->depths.push_back(reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)));
    http_response response;
    response.body = std::move(target);
    co_return response;
  }
  static task<> exchange(scene* s, std::int32_t last) {
    while (!s->codec.answers[last].closed) {
      const bool goes_on = co_await exchange_once(s);
      if (!goes_on) co_return;
    }
  }
  static task<bool> exchange_once(scene* s) {
    std::array<char, 4096> room{};
    const auto out = s->codec.take_output();
    const auto written = co_await s->theirs.write(out);
    EXPECT_TRUE(written);
    const auto size = co_await s->theirs.read_some(room);
    if (!size) co_return false;
    s->codec.feed({room.data(), *size});
    const auto back = s->codec.take_output();
    const auto said = co_await s->theirs.write(back);
    co_return said.has_value();
  }
  static task<> exchange_on(scene* s) {
    for (bool goes_on = true; goes_on;)
      goes_on = co_await exchange_once(s);
  }
  static task<> turn() { co_await sleep_for(milliseconds{1}); }
  // 10 s at most.
  void until(const std::function<bool()>& done) {
    for (int i = 0; i < 10'000 && !done(); ++i)
      run_task(on, turn());
    EXPECT_TRUE(done());
  }
  // A client's task from here on.
  std::int32_t answered_post() {
    const auto id = codec.post("/x", "");
    tasks.spawn("client", restart_policy::never, [this] { return exchange_on(this); });
    until([&] { return codec.answers[id].closed; });
    EXPECT_EQ(codec.answers[id].body, "/x");
    return id;
  }
};

TEST(http2_connection, one_whose_requests_are_answered_at_once_is_not_idle_meanwhile) {
  scene s;
  for (int i = 0; i < 2; ++i) {
    const auto id = s.codec.post("/x", "");
    run_task(s.on, scene::exchange(&s, id));
    EXPECT_EQ(s.codec.answers[id].body, "/x");
  }
  EXPECT_EQ(s.changes, (std::vector<bool>{false, true, false, true, false}));
}

TEST(http2_connection, one_that_was_there_when_the_server_drains_is_asked_to_go_and_told_to_a_second_later) {
  scene s;
  s.answered_post();
  const mono_time start{seconds{1}};
  s.served->let_go(start, true, false);
  s.until([&] { return s.codec.sent_away; });
  EXPECT_EQ(s.codec.last_answered, 0x7fffffff);
  s.served->let_go(start + milliseconds{999}, true, false);
  EXPECT_FALSE(s.served->is_done());
  s.served->let_go(start + seconds{1}, true, false);
  s.until([&] { return s.served->is_done(); });
}

TEST(http2_connection, one_that_has_come_since_is_answered_before_it_is_asked_to_go) {
  scene s;
  const mono_time start{seconds{1}};
  s.served->let_go(start, false, false);
  s.served->let_go(start + seconds{5}, false, true);
  s.answered_post();
  EXPECT_FALSE(s.codec.sent_away);
  s.served->let_go(start + seconds{5}, false, true);
  s.until([&] { return s.codec.sent_away; });
  EXPECT_FALSE(s.served->is_done());
  // This client says nothing any more, as it has nothing under way.
  s.served->let_go(start + seconds{5} + milliseconds{300}, false, true);
  s.until([&] { return s.served->is_done(); });
}

TEST(http2_connection, a_burst_that_is_answered_at_once_does_not_deepen_the_stack) {
  scene s;
  std::int32_t last = 0;
  for (int i = 0; i < 300; ++i)
    last = s.codec.post("/", "");
  run_task(s.on, scene::exchange(&s, last));
  ASSERT_EQ(s.depths.size(), 300U);
  const auto [low, high] = std::minmax_element(s.depths.begin(), s.depths.end());
  EXPECT_LT(*high - *low, 64U * 1024);
}

} // namespace
} // namespace causeway::net
