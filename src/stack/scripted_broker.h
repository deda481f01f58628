// SPDX-License-Identifier: Apache-2.0
// For tests: an MQTT 3.1.1 server on the test's own loop that does what it is told.
#pragma once

#include "net/listener.h"

#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace causeway::stack::testing {

class scripted_broker {
public:
  struct session {
    std::string protocol, client_id, username, password;
    int level = 0, keep_alive = 0;
    bool clean = false, open = true, said_goodbye = false;
    std::vector<std::string> filters;
    net::stream* bytes = nullptr; // while open
    std::deque<std::string> output;
    bool writing = false;
  };

  int connack = 0;
  int suback = 0;
  bool answers_subscribe = true;
  std::deque<session> sessions; // every CONNECT, in order

  scripted_broker(net::loop& on, net::task_group& tasks, std::optional<net::tls_server_context> tls = {},
                  std::uint16_t port = 0)
      : tasks_{tasks}, listener_{bind(on, port)} {
    listener_.serve(tasks, std::move(tls), 100, [this](net::stream s) { return serve(this, std::move(s)); });
  }
  std::uint16_t port() const { return listener_.port(); }
  void close() { listener_.close(); }

  // To every session that has subscribed.
  void publish(const std::string& topic, const std::string& payload) {
    std::string body = text(topic) + payload;
    for (auto& one : sessions)
      if (one.open && !one.filters.empty()) write(one, packet('\x30', body));
  }
  void cut() {
    for (auto& one : sessions)
      if (one.open) one.bytes->close();
  }
  std::size_t open_sessions() const {
    std::size_t count = 0;
    for (const auto& one : sessions)
      count += one.open ? 1U : 0U;
    return count;
  }

private:
  static net::listener bind(net::loop& on, std::uint16_t port) {
    auto made = net::listener::bind(on, {"127.0.0.1", port});
    EXPECT_TRUE(made);
    return std::move(*made);
  }
  static std::string text(const std::string& value) {
    std::string out{static_cast<char>(value.size() >> 8), static_cast<char>(value.size() & 0xff)};
    return out.append(value);
  }
  static std::string packet(char type, const std::string& body) {
    std::string out{type};
    for (auto left = body.size();;) {
      const auto low = left & 0x7f;
      left >>= 7;
      out.push_back(static_cast<char>(low | (left != 0 ? 0x80U : 0U)));
      if (left == 0) break;
    }
    return out + body;
  }

  void write(session& to, std::string bytes) {
    to.output.push_back(std::move(bytes));
    if (to.writing) return;
    to.writing = true;
    tasks_.spawn("broker_writer", net::restart_policy::never, [&to] { return write_all(&to); });
  }
  static net::task<> write_all(session* to) {
    while (to->open && !to->output.empty()) {
      const auto next = std::move(to->output.front());
      to->output.pop_front();
      const auto written = co_await to->bytes->write(next);
      if (!written) break;
    }
    to->writing = false;
  }

  // One packet: its first byte and its body; nothing at the end of the connection.
  static net::task<std::optional<std::pair<char, std::string>>> read_packet(net::stream* from,
                                                                            std::string* buffer) {
    std::array<char, 4096> more;
    while (true) {
      std::size_t length = 0, at = 1;
      int shift = 0;
      bool whole = false;
      for (; at < buffer->size() && !whole; ++at, shift += 7) {
        const auto byte = static_cast<unsigned char>((*buffer)[at]);
        length |= static_cast<std::size_t>(byte & 0x7fU) << shift;
        whole = (byte & 0x80U) == 0;
      }
      if (whole && buffer->size() >= at + length) {
        std::pair<char, std::string> out{(*buffer)[0], buffer->substr(at, length)};
        buffer->erase(0, at + length);
        co_return out;
      }
      const auto got = co_await from->read_some(more);
      if (!got) co_return std::nullopt;
      buffer->append(more.data(), *got);
    }
  }
  static std::string take_text(std::string& from) {
    const auto size = static_cast<std::size_t>(static_cast<unsigned char>(from[0]) * 256 +
                                               static_cast<unsigned char>(from[1]));
    auto out = from.substr(2, size);
    from.erase(0, 2 + size);
    return out;
  }

  static net::task<> serve(scripted_broker* self, net::stream bytes) {
    std::string buffer;
    session* with = nullptr;
    while (true) {
      auto got = co_await read_packet(&bytes, &buffer);
      if (!got) break;
      auto& [type, body] = *got;
      const auto kind = static_cast<unsigned char>(type) >> 4U;
      if (kind == 1) {
        with = &self->sessions.emplace_back();
        with->bytes = &bytes;
        with->protocol = take_text(body);
        with->level = body[0];
        const auto flags = static_cast<unsigned char>(body[1]);
        with->clean = (flags & 2U) != 0;
        with->keep_alive = static_cast<unsigned char>(body[2]) * 256 + static_cast<unsigned char>(body[3]);
        body.erase(0, 4);
        with->client_id = take_text(body);
        if ((flags & 0x80U) != 0) with->username = take_text(body);
        if ((flags & 0x40U) != 0) with->password = take_text(body);
        self->write(*with, packet('\x20', {'\0', static_cast<char>(self->connack)}));
      } else if (kind == 8 && with != nullptr) {
        const auto id = body.substr(0, 2);
        body.erase(0, 2);
        std::string answers;
        while (!body.empty()) {
          with->filters.push_back(take_text(body));
          body.erase(0, 1);
          answers.push_back(static_cast<char>(self->suback));
        }
        if (self->answers_subscribe) self->write(*with, packet('\x90', id + answers));
      } else if (kind == 12 && with != nullptr) {
        self->write(*with, packet('\xd0', {}));
      } else if (kind == 14 && with != nullptr) {
        with->said_goodbye = true;
        break;
      }
    }
    if (with != nullptr) {
      with->open = false;
      with->bytes = nullptr;
    }
    bytes.close();
  }

  net::task_group& tasks_;
  net::listener listener_;
};

} // namespace causeway::stack::testing
