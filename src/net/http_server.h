// SPDX-License-Identifier: Apache-2.0
// HTTP/1.1 server with keep-alive, over TCP, TLS or a Unix socket; HTTP/2 over TLS with those who choose it
// by ALPN, where the context offers it. Loop's thread only.
#pragma once

#include "net/http_budget.h"
#include "net/http_message.h"
#include "net/listener.h"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace causeway::net {

struct http_limits {
  std::size_t max_header = 16 * 1024;
  std::size_t max_body = 1024 * 1024; // above: 413, then the connection is closed (HTTP/2: the stream)
  std::chrono::milliseconds header_time_out{10'000}; // from the first byte of a request
  std::chrono::milliseconds body_time_out{10'000};   // HTTP/2: from the header to the request's end
  std::chrono::milliseconds idle_time_out{120'000};  // between requests
  // When one more comes, the one that has waited longest for its peer's bytes is closed: a stranger, that is
  // who was never let in by the admission (or, without one, never answered with 2xx), however new it is, so
  // that each newcomer has the time to say something. Where a sender, as the admission knows them
  // (http_request::admitted), has more than there are strangers, it is one of the sender that has most, so
  // that none shuts others out; without an admission the one that has waited longest, if that is room_after.
  // HTTP/2 takes the memory of two and counts as two when it begins.
  std::size_t max_connections = 4'096;
  std::chrono::milliseconds room_after{5'000};
  // What requests and unread answers of all connections hold; beyond, new requests are refused: 503, by
  // HTTP/2 REFUSED_STREAM. Near it requests that are not whole are refused, and connections closed that hold
  // answers they do not read: first of strangers, then of those who hold most for longest. Not while handlers
  // hold nearly all of it.
  std::size_t max_bytes = 64 * 1024 * 1024;
};

// Called for each whole request. An exception in it is logged and answered with 500; it disturbs no other
// request.
using http_handler = std::function<task<http_response>(http_request)>;
// Called for requests that never reach the handler; the status is 400 (not HTTP), 408, 413, 415 (a content
// coding), 431, 501 (a transfer coding) or 503 (max_bytes).
using http_refusal = std::function<http_response(int status)>;

class http_server {
public:
  // Errors: as listener::bind.
  static result<http_server> start(loop& on, task_group& tasks, const listen_address& address,
                                   std::optional<tls_server_context> tls, http_limits limits,
                                   http_handler handler, http_refusal refusal = {},
                                   http_admission admission = {});
  // On what was bound before; it accepts from now on.
  static http_server start(loop& on, task_group& tasks, listener door, std::optional<tls_server_context> tls,
                           http_limits limits, http_handler handler, http_refusal refusal = {},
                           http_admission admission = {});
  http_server(http_server&&) noexcept;
  http_server& operator=(http_server&&) noexcept;
  ~http_server();

  std::uint16_t port() const;
  std::size_t connections() const;
  std::size_t http2_connections() const; // of these
  std::size_t held_bytes() const;        // see http_limits
  const http_counts& counts() const;
  http_totals totals() const; // all of these
  // New connections closed at once, and others closed to make room for new ones.
  std::uint64_t refused() const;
  // Before the loop runs. Of connections that are closed to make room or find none, of requests by HTTP/1.1
  // and streams by HTTP/2 that came too slowly, were too large or beyond the budget of all.
  void tell(http_lost whom);
  // No new connections; requests under way are answered, idle connections closed.
  void stop_accepting();

  // A stop for clients that repeat nothing, in three steps (RFC 9112 section 9.6, RFC 9113 section 6.8).
  // After the first everything is answered as ever, new connections too, and each client is asked to come by
  // a new connection: HTTP/1.1 by `Connection: close` with the next answer, HTTP/2 by GOAWAY that refuses
  // nothing, which a second later is followed by the one that does.
  void send_away();
  // Second: idle HTTP/1.1 connections are half-closed. What was on its way there is handled to its end,
  // though nobody can be told.
  void half_close_idle();
  // Third is stop_accepting(), which then leaves who has just come until his first request is answered.
  // Of use after send_away: whether requests are under way that began, or whose HTTP/2 connection did, before
  // then.
  bool is_serving(mono_time before = mono_time::max()) const;
  // Connections from which a first request may be on its way: their handshake is not over, or has just been.
  bool is_expecting() const;

private:
  struct state;
  explicit http_server(std::shared_ptr<state> s);
  std::shared_ptr<state> state_;
};

} // namespace causeway::net
