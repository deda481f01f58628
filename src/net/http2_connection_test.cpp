// SPDX-License-Identifier: Apache-2.0
#include "net/http2_connection.h"

#include "net/http2_test_client.h"
#include "net/run_task.h"
#include "net/stream.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

namespace causeway::net {
namespace {

// A handler that answers at once, over a pipe.
struct scene {
  loop on;
  task_group tasks{on};
  stream ours, theirs;
  std::vector<bool> changes;
  std::vector<std::uintptr_t> depths; // of the stack, at each request
  http2_test_client codec;
  std::optional<http2_connection> served;

  scene() {
    auto pair = make_stream_pair(on);
    ours = std::move(pair.first);
    theirs = std::move(pair.second);
    http2_service service;
    service.budget = std::make_shared<http2_budget>();
    service.on_change = [this](bool busy) { changes.push_back(busy); };
    service.make_room = [] {};
    service.refuse = [](int status) {
      http_response response;
      response.status = status;
      return response;
    };
    service.handle = [this](const http_request& request) { return answer(this, request.target); };
    served.emplace(on, tasks, ours, std::move(service));
    tasks.spawn("serves", restart_policy::never, [this] { return served->serve(); });
  }
  ~scene() {
    theirs.close();
    run_task(on, tasks.stop());
  }
  scene(const scene&) = delete;

  static task<std::optional<http_response>> answer(scene* s, std::string target) {
    s->depths.push_back(reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)));
    http_response response;
    response.body = std::move(target);
    co_return response;
  }
  static task<> exchange(scene* s, std::int32_t last) {
    std::array<char, 4096> room{};
    while (!s->codec.answers[last].closed) {
      const auto out = s->codec.take_output();
      const auto written = co_await s->theirs.write(out);
      EXPECT_TRUE(written);
      const auto size = co_await s->theirs.read_some(room);
      if (!size) co_return;
      s->codec.feed({room.data(), *size});
    }
  }
};

TEST(http2_connection, one_whose_requests_are_answered_at_once_is_not_idle_meanwhile) {
  scene s;
  for (int i = 0; i < 2; ++i) {
    const auto id = s.codec.post("/x", "");
    run_task(s.on, scene::exchange(&s, id));
    EXPECT_EQ(s.codec.answers[id].body, "/x");
  }
  EXPECT_EQ(s.changes, (std::vector<bool>{true, false, true, false}));
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
