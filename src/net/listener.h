// SPDX-License-Identifier: Apache-2.0
// Accepts connections and hands each to a coroutine of its own. Loop's thread only.
#pragma once

#include "net/stream.h"
#include "net/task_group.h"

#include <functional>

namespace causeway::net {

struct listen_address {
  std::string host;       // address or name; "[::1]" and "::1" are the same
  std::uint16_t port = 0; // 0 = any free one
  std::string path{};     // of a Unix socket; host and port mean nothing then

  // "127.0.0.1:8080", "[::]:8080", "unix:/run/x.sock". Errors: config_invalid_value.
  static result<listen_address> parse(std::string_view text);
  static listen_address unix_socket(std::string path) { return {{}, 0, std::move(path)}; }
  // Whether nobody on another machine can reach it.
  bool is_local() const;
  std::string str() const;
};

class listener {
public:
  // Binds at once. A Unix socket is its owner's alone (mode 0600); a file left behind by a process that is
  // gone is removed before, and its own at close(). Errors: address_in_use (somebody answers there),
  // address_unavailable, naming the address.
  static result<listener> bind(loop& on, const listen_address& address);
  // A socket that listens already, as at this address: close() ends its use here alone. Owns the descriptor.
  static listener adopt(loop& on, int descriptor, const listen_address& address);
  listener(listener&&) noexcept;
  listener& operator=(listener&&) noexcept;
  ~listener();

  // 0 for a Unix socket.
  std::uint16_t port() const;
  const listen_address& address() const; // with the real port
  // Starts to accept. Each connection is handed over after the TLS handshake, whose costly steps run on
  // threads of the listener's own (at most 10 s; 1,024 at a time, and half of max_connections: beyond that
  // the one whose peer has been silent longest is ended, in the first second of a burst if for 250 ms, and
  // while there is none, new connections wait in the kernel's queue). At most max_connections are open. When
  // one more comes, make_room is asked to close one, which it may do a moment later; when there is none or it
  // says no, the new one is closed at once and counted. Tasks run in `tasks`.
  void serve(task_group& tasks, std::optional<tls_server_context> tls, std::size_t max_connections,
             std::function<task<>(stream)> handler, std::function<bool()> make_room = {});
  // Ends accepting; open connections go on.
  void close();
  // After serve: accepts what waits in the kernel's queue, which close() would reset. Not from an adopted
  // socket, where it waits for the next process.
  void take_waiting();
  std::size_t connections() const;
  // Connections closed at once because max_connections were open, and handshakes ended to make room.
  std::uint64_t refused() const;

private:
  struct state;
  static result<listener> bind_unix(loop& on, const listen_address& address);
  explicit listener(std::shared_ptr<state> s);
  std::shared_ptr<state> state_;
};

} // namespace causeway::net
