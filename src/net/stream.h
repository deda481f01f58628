// SPDX-License-Identifier: Apache-2.0
// One type for a byte stream over TCP, TLS, a Unix socket or an in-memory pair. Move-only. Loop's thread
// only. At most one read and one write may be under way at a time.
#pragma once

#include "base/result.h"
#include "net/loop.h"
#include "net/tls.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace causeway::net {

// How long each step of connect() took; for the timeline.
struct connect_timing {
  std::chrono::nanoseconds dns{0}, tcp{0}, tls{0};
};

class stream {
public:
  struct impl;
  stream() = default;
  explicit stream(std::shared_ptr<impl> i);
  stream(stream&&) noexcept;
  stream& operator=(stream&&) noexcept;
  ~stream(); // closes

  // At least one byte, or peer_closed at the end, connection_lost, stopped when cancelled.
  task<result<std::size_t>> read_some(std::span<char> into);
  // All of it. bytes must stay alive until it returns. Errors: connection_lost, stopped; after either the
  // stream can only be closed.
  task<result<void>> write(std::string_view bytes);
  // Ends TLS politely when it can be done without waiting for the peer; then closes. Pending operations end.
  void close();
  // A pending read_some ends with `stopped`, and so does a pending write; the stream stays open.
  void cancel();
  // Tells the peer that nothing more will be written; reading goes on. With TLS only where nothing is half
  // written.
  void end_output();
  bool is_open() const;
  // As far as the system knows without a read: the peer has ended its side, or is gone. True when closed.
  bool has_peer_left();
  // "127.0.0.1:54321", for logs; "unix,uid=1000" for a Unix socket, empty for in-memory.
  std::string peer() const;
  // What ALPN chose ("h2"); empty without.
  std::string protocol() const;

private:
  // Shared with the operation under way only.
  std::shared_ptr<impl> impl_;
};

// Reads and throws away until the peer has closed, or so many bytes. bytes must stay until it returns.
task<> drain(stream& bytes, std::size_t most);

struct connect_options {
  std::string host;
  std::uint16_t port = 0;
  // Absent = plain TCP. The host name is sent (SNI) and checked against the certificate.
  std::optional<tls_client_context> tls;
  std::chrono::milliseconds time_out{15'000};
};

struct connected_stream {
  stream bytes;
  connect_timing timing;
};

// Resolves, connects (each address in turn), shakes hands. Sets TCP_NODELAY, keep-alive (10 s, 3 probes of 5
// s) and TCP_USER_TIMEOUT (30 s). Errors: name_unresolved, connection_refused, connection_timed_out,
// tls_untrusted (with OpenSSL's reason), tls_handshake, stopped.
task<result<connected_stream>> connect(connect_options options);

// Who makes streams: connect, but in tests.
using connector = std::function<task<result<connected_stream>>(connect_options)>;

// Two ends of a pipe in memory, with 64 KiB each way; for tests.
std::pair<stream, stream> make_stream_pair(loop& on);

} // namespace causeway::net
