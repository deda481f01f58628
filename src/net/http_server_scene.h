// SPDX-License-Identifier: Apache-2.0
// For the tests of http_server, by either version of HTTP: a server whose handler says what it was asked.
#pragma once

#include "net/http_server.h"
#include "net/run_task.h"
#include "net/wake_up.h"

#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>

namespace causeway::net {

struct http_server_scene {
  loop on;
  task_group tasks{on};
  wake_up gate{on};
  int asked = 0, handled = 0;
  std::optional<http_server> server;

  explicit http_server_scene(http_limits limits = {}, std::optional<tls_server_context> tls = {}) {
    auto started = http_server::start(on, tasks, {"127.0.0.1", 0}, std::move(tls), limits,
                                      [this](http_request r) { return answer(this, std::move(r)); });
    EXPECT_TRUE(started);
    server.emplace(std::move(*started));
  }
  ~http_server_scene() { run_task(on, tasks.stop()); }
  http_server_scene(const http_server_scene&) = delete;

  static task<http_response> answer(http_server_scene* s, http_request request) {
    ++s->asked;
    if (request.path() == "/throw") throw std::runtime_error{"a bug"};
    if (request.path() == "/wait") co_await s->gate.wait();
    ++s->handled;
    http_response response;
    response.content_type = "text/plain";
    response.body = request.method + " " + request.target + " " + request.body + " from " + request.peer;
    if (request.path() == "/forge") response.headers.emplace_back("X-Copied", "a\r\nX-Forged: b");
    if (request.path() == "/named") response.headers.emplace_back("X-Name", "value");
    co_return response;
  }
};

// A limit of one connection, which a newcomer may close at once.
inline http_limits one_connection() {
  http_limits limits;
  limits.max_connections = 1;
  limits.room_after = std::chrono::milliseconds{0};
  return limits;
}

} // namespace causeway::net
