// SPDX-License-Identifier: Apache-2.0
// For the tests of http_server, by either version of HTTP: a server whose handler says what it was asked.
#pragma once

#include "net/http_server.h"
#include "net/run_task.h"
#include "net/wake_up.h"

#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <stdexcept>

namespace causeway::net {

struct http_server_scene {
  loop on;
  task_group tasks{on};
  wake_up gate{on};
  int asked = 0, handled = 0;
  std::optional<std::size_t> admitted; // of the last one
  std::optional<http_server> server;

  explicit http_server_scene(http_limits limits = {}, std::optional<tls_server_context> tls = {},
                             http_admission admission = {}) {
    auto started = http_server::start(
        on, tasks, {"127.0.0.1", 0}, std::move(tls), limits,
        [this](http_request r) { return answer(this, std::move(r)); }, {}, std::move(admission));
    EXPECT_TRUE(started);
    server.emplace(std::move(*started));
  }
  ~http_server_scene() { run_task(on, tasks.stop()); }
  http_server_scene(const http_server_scene&) = delete;

  static task<http_response> answer(http_server_scene* s, http_request request) {
    ++s->asked;
    s->admitted = request.admitted;
    if (request.path() == "/throw") throw std::runtime_error{"a bug"};
    if (request.path() == "/wait") co_await s->gate.wait();
    while (request.path() == "/leave" && !request.has_client_left())
      co_await sleep_for(std::chrono::milliseconds{1});
    ++s->handled;
    http_response response;
    response.content_type = "text/plain";
    response.silent = request.path() == "/silent";
    response.body = request.method + " " + request.target + " " + request.body + " from " + request.peer;
    if (request.path() == "/forge") response.headers.emplace_back("X-Copied", "a\r\nX-Forged: b");
    if (request.path() == "/named") response.headers.emplace_back("X-Name", "value");
    co_return response;
  }
};

inline task<stream> open(std::uint16_t port) {
  connect_options options;
  options.host = "127.0.0.1";
  options.port = port;
  auto connected = co_await connect(std::move(options));
  co_return connected ? std::move(connected->bytes) : stream{};
}

// Writes, then reads until the peer closes.
inline task<std::string> exchange(std::uint16_t port, std::string bytes, bool ends = true) {
  auto client = co_await open(port);
  const auto written = co_await client.write(bytes);
  if (!written) co_return "not written";
  if (ends) client.end_output();
  std::string text;
  std::array<char, 4096> room{};
  for (;;) {
    const auto size = co_await client.read_some(room);
    if (!size && size.fault().code() != errc::peer_closed) text += "|" + std::string{size.fault().name()};
    if (!size) co_return text;
    text.append(room.data(), *size);
  }
}

inline std::size_t count(std::string_view text, std::string_view part) {
  std::size_t n = 0;
  for (auto at = text.find(part); at != std::string_view::npos; at = text.find(part, at + part.size()))
    ++n;
  return n;
}

inline std::string status_line(std::string_view text) {
  return std::string{text.substr(0, text.find("\r\n"))};
}

inline std::string body_of(std::string_view text) {
  const auto at = text.find("\r\n\r\n");
  return at == std::string_view::npos ? std::string{} : std::string{text.substr(at + 4)};
}

// A limit of one connection, which a newcomer may close at once.
inline http_limits one_connection() {
  http_limits limits;
  limits.max_connections = 1;
  limits.room_after = std::chrono::milliseconds{0};
  return limits;
}

} // namespace causeway::net
