// SPDX-License-Identifier: Apache-2.0
// Posts to webhooks over HTTP/1.1 as The Things Stack's client does: each once, over connections that wait
// for the next one. Loop's thread only.
#pragma once

#include "emulator/stack/http_answer.h"
#include "emulator/stack/webhook_hook.h"
#include "net/stream.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace causeway::emulator {

struct webhook_connection {
  explicit webhook_connection(const webhook_hook* hook) : to{hook} {}

  const webhook_hook* to; // with the same endpoint any of them
  net::stream stream;
  http_answer_reader reader;
  bool usable = false; // for another post
  mono_time idle_since{};
};

// Open connections that wait for a post. What a connection is for must outlive it.
struct webhook_connections {
  std::size_t most_of_a_host = 0;
  std::vector<std::unique_ptr<webhook_connection>> idle; // the one used last is the last

  // Null when there is none.
  std::unique_ptr<webhook_connection> take(const webhook_hook& hook, mono_time now);
  void give(std::unique_ptr<webhook_connection> one, mono_time now);
  void drop(const webhook_hook& hook);
};

// One post after the other.
struct webhook_poster {
  std::unique_ptr<webhook_connection> line;
  std::optional<mono_time> deadline; // while a post is under way
  bool timed_out = false;

  // To be called now and then: a post beyond its deadline ends.
  void watch(mono_time now);
};

struct post_result {
  int status = 0;     // 0: see reason
  std::string reason; // "connection", "time_out", "not_http"
};

// By with->line, which must stay, and is opened when it is not; usable afterwards says whether it may be
// given back. request: head and body.
net::task<post_result> post_once(webhook_poster* with, std::optional<net::tls_client_context> tls,
                                 std::chrono::milliseconds time_out, std::string_view request);

} // namespace causeway::emulator
