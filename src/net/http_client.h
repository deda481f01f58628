// SPDX-License-Identifier: Apache-2.0
// HTTPS requests over kept-alive connections: libcurl's multi interface on the loop. Loop's thread only.
#pragma once

#include "net/http_server.h"

#include <functional>
#include <optional>

namespace causeway::net {

struct http_call {
  std::string method = "GET";
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::chrono::milliseconds time_out{30'000};
  std::size_t max_answer = 1024 * 1024;
  // Called when there is a connection, right before the first byte of the request is written; false: none is,
  // and the call ends with `stopped`. A call that has one leaves once at most: where libcurl would send it
  // again by itself (a kept connection that ends before any byte of an answer), it ends with connection_lost.
  // So: a call that has ended before this was called has not left. Must not call the client.
  std::function<bool()> before_sending{};
  // The body of an answer with status 200 as it comes, instead of http_answer::body and whatever its length:
  // of an answer that may never end. False: the rest is not wanted, and the call ends with http_protocol.
  // Must not call the client.
  std::function<bool(std::string_view bytes)> on_bytes{};
};

struct http_answer {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  connect_timing timing; // zeros when a kept connection was used
  std::chrono::nanoseconds total{0};

  std::string_view header(std::string_view name) const;
};

struct http_client_options {
  std::string ca_file;              // as tls_client_context::make
  std::size_t max_connections = 64; // further calls wait their turn
  std::size_t max_waiting =
      10'000; // further calls end at once with connection_refused, "too many requests waiting"
  std::string user_agent = "causeway";
  std::string unix_socket{}; // path; when set every call goes through it, whatever host its URL names
  // A connection that ends here, be it by the kill of the process, is reset (SO_LINGER {1, 0}), and one whose
  // bytes are not acknowledged for so long ends (TCP_USER_TIMEOUT): what the peer has not got by then it
  // never gets. Else the kernel goes on delivering for a minute (real-stack-facts.md 2.4).
  std::optional<std::chrono::milliseconds> final_within{};
};

class http_client {
public:
  http_client(loop& on, http_client_options options);
  ~http_client(); // pending calls end with `stopped`

  // Any HTTP status is a value. Redirects are not followed. Errors: name_unresolved, connection_refused,
  // connection_timed_out, connection_lost, tls_untrusted, tls_handshake, http_protocol, body_too_large,
  // stopped.
  task<result<http_answer>> call(http_call request);

private:
  struct state;
  // Shared with the calls under way.
  std::shared_ptr<state> state_;
};

} // namespace causeway::net
