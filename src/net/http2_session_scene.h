// SPDX-License-Identifier: Apache-2.0
// For the tests of http2_session: one, and nghttp2's own client at its other end.
#pragma once

#include "net/http2_session.h"
#include "net/http2_test_client.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace causeway::net {

struct http2_session_scene {
  static constexpr std::size_t max_header = 4096;
  std::shared_ptr<http_budget> budget = std::make_shared<http_budget>();
  http2_test_client peer;
  http2_session session;
  mono_time now{};
  bool alive = true;

  explicit http2_session_scene(std::size_t max_body = 1000, std::uint32_t window = 65'535,
                               http_admission admission = {})
      : peer{window}, session{max_header, max_body, budget, std::move(admission)} {}

  void send(const std::string& bytes) {
    if (!bytes.empty()) alive = session.feed(bytes, now) && alive;
  }
  // Until neither has anything to say.
  void exchange() {
    for (bool moved = true; moved;) {
      const auto there = peer.take_output();
      send(there);
      const auto back = session.take_output(now);
      if (!back.empty()) peer.feed(back);
      moved = !there.empty() || !back.empty();
    }
  }
  void read() {
    for (auto back = session.take_output(now); !back.empty(); back = session.take_output(now))
      peer.feed(back);
  }
  http2_session::event expect_one() {
    auto event = session.next();
    EXPECT_TRUE(event);
    return event ? std::move(*event) : http2_session::event{};
  }
  void answer(http2_session::stream_id stream, http_response response) {
    session.answer(stream, std::move(response), now);
  }
};

inline std::string http2_frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream,
                               std::string_view payload) {
  std::string out;
  for (const auto byte : {payload.size() >> 16U, payload.size() >> 8U, payload.size()})
    out += static_cast<char>(byte & 0xffU);
  out += static_cast<char>(type);
  out += static_cast<char>(flags);
  for (const auto shift : {24U, 16U, 8U, 0U})
    out += static_cast<char>((stream >> shift) & 0xffU);
  return out += payload;
}

inline http_response response_of(int status, std::string body) {
  http_response made;
  made.status = status;
  made.body = std::move(body);
  return made;
}

} // namespace causeway::net
