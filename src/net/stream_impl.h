// SPDX-License-Identifier: Apache-2.0
// The transports behind stream; for net's own .cpp files.
#pragma once

#include "net/stream.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <functional>
#include <optional>

namespace causeway::net {

// Each operation gets a share of its own object, so that a stream may go while one is under way.
struct stream::impl {
  virtual ~impl() = default;
  virtual task<result<std::size_t>> read_some(std::shared_ptr<impl> self, std::span<char> into) = 0;
  virtual task<result<void>> write(std::shared_ptr<impl> self, std::string_view bytes) = 0;
  virtual void close() = 0;
  virtual void cancel() = 0;
  virtual void end_output() = 0;
  virtual bool is_open() const = 0;
  virtual bool has_peer_left() = 0;
  virtual std::string peer() const = 0;
  virtual std::string protocol() const { return {}; }
};

// Calls on_expiry once at the deadline, unless it goes before.
class time_limit {
public:
  time_limit(asio::any_io_executor executor, mono_time deadline, std::function<void()> on_expiry);
  ~time_limit();
  time_limit(const time_limit&) = delete;
  time_limit& operator=(const time_limit&) = delete;
  bool expired() const;

private:
  struct state;
  std::shared_ptr<state> state_;
};

// What an operation on an open connection ended with.
error transport_error(const boost::system::error_code& ec);
bool has_socket_peer_left(int descriptor);
std::string format_endpoint(const asio::ip::tcp::endpoint& endpoint);
// TCP_NODELAY, keep-alive (10 s, 3 probes of 5 s), TCP_USER_TIMEOUT (30 s).
void set_tcp_options(asio::ip::tcp::socket& socket);

stream make_tcp_stream(asio::ip::tcp::socket socket);
stream make_local_stream(asio::local::stream_protocol::socket socket);

class handshake_pool;
// With it the listener ends a handshake for which the peer takes its time.
struct handshake_lever {
  std::function<void()> end;
  // Since when the peer is waited for; nothing while a step is ours.
  std::optional<mono_time> waiting_since;
};
// Errors: tls_untrusted, tls_handshake, connection_timed_out, stopped. A server's steps run in the pool,
// which must outlive the task.
task<result<stream>> shake_hands_as_client(asio::ip::tcp::socket socket,
                                           std::shared_ptr<tls_client_context::native> context,
                                           std::string host, mono_time deadline);
task<result<stream>> shake_hands_as_server(asio::ip::tcp::socket socket,
                                           std::shared_ptr<tls_server_context::native> context,
                                           handshake_pool* pool, mono_time deadline,
                                           std::shared_ptr<handshake_lever> lever);

} // namespace causeway::net
